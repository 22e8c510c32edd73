"""Tocsin: incident response that runs, from a plan and real evidence to a running, recorded response."""

__version__ = "0.1.0"
