"""Sigma rules over Windows events: loading, compiling, matching."""
