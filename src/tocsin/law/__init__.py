"""Duties to notify as data: which may apply to an incident, why, and until when. Pure Python. Never legal advice."""
