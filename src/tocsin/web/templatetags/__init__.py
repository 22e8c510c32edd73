"""Template tags of the pages: how things look, never what they are."""
