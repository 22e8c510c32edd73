"""What people do, by kind: how often, at which address, through page or API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of look: its weight among all looks, its address with {number}, {id} and {task} to fill in."""

    name: str
    weight: int
    url: str
    api: bool = False


READS = (
    Kind("room", 16, "/incidents/{number}/"),
    Kind("what I owe", 8, "/me"),
    Kind("list", 5, "/incidents"),
    Kind("tasks", 6, "/incidents/{number}/tasks"),
    Kind("task panel", 12, "/incidents/{number}/tasks/{task}/panel"),
    Kind("log", 5, "/incidents/{number}/log"),
    Kind("scope", 5, "/incidents/{number}/scope"),
    Kind("notes", 4, "/incidents/{number}/notes"),
    Kind("investigation", 3, "/incidents/{number}/investigation"),
    Kind("obligations", 2, "/incidents/{number}/obligations"),
    Kind("search", 3, "/search?q=proxy"),
    Kind("API incident", 4, "/api/v1/incidents/{id}", api=True),
    Kind("API tasks", 4, "/api/v1/incidents/{id}/tasks", api=True),
    Kind("API scope", 3, "/api/v1/incidents/{id}/scope", api=True),
    Kind("API log", 4, "/api/v1/incidents/{id}/log?after=900", api=True),
)


def address(kind: Kind, told: dict[str, Any], turn: int) -> str:
    """The kind's address in the prepared incident; `turn` chooses the task."""
    return kind.url.format(number=told["number"], id=told["id"], task=told["tasks"][turn % len(told["tasks"])])
