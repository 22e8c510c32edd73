"""The reports room: an incident as a document that a stranger can check."""
