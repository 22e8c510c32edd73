"""The pages of the room `incidents`, by subject. Each parses, calls an action or asks, and renders."""
