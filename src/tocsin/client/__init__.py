"""A typed client of Tocsin's API: `from tocsin.client import Tocsin`. It needs httpx and pydantic, nothing of the server."""

from tocsin.client.calling import Answer, Conflict, NotAllowed, NotFound, Problem, Stale, Unreachable
from tocsin.client.following import Tocsin

__all__ = ["Answer", "Conflict", "NotAllowed", "NotFound", "Problem", "Stale", "Tocsin", "Unreachable"]
