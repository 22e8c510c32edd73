"""Importers: one format in which others hand over indicators each."""
