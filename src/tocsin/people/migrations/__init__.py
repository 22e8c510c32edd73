"""Schema history of people."""
