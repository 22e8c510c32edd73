"""The room's pages: triage, sources, and the form for anybody."""
