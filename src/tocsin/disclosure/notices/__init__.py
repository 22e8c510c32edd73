"""Notices: their content from facts, what is still missing, and how they are written as text and as a document."""
