"""The incident response plan as data: schema, loading, lint, show, diff, CACAO both ways. Pure Python."""
