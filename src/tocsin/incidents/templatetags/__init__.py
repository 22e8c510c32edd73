"""Template tags of the room `incidents`."""
