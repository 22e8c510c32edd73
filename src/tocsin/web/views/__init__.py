"""Pages that speak of several rooms at once."""
