"""Schema history of incidents."""
