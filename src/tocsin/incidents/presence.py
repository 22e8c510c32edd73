"""Who has an incident open now: each web process says so in the shared cache, and reads what the others say.

No matter of the log: it is forgotten within minutes. Who is told stands in grants, like everything else of an incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.cache import caches

from tocsin.core import clock
from tocsin.core.models import Grant

STAYS, AWAY, WORKERS = 30.0, 300.0, "here:workers"
"""Seconds: how long what a process says holds, and how long somebody who left is still shown as away."""
Seen = Mapping[UUID, Mapping[UUID, tuple[bool, float]]]
"""By chain and user: whether they are here, and when that was noted (seconds since 1970)."""


@dataclass(frozen=True)
class Face:
    """One person, and whether they look at the incident now or did so within the last minutes."""

    user: UUID
    name: str
    here: bool


def stamp() -> float:
    """This instant, as processes compare it."""
    return clock.now().timestamp()


def publish(worker: str, seen: Seen) -> None:
    """Say who has what open in this process. Said again every few seconds; a process that dies is forgotten."""
    shared, now = caches["shared"], stamp()
    shared.set(f"here:{worker}", {c: dict(users) for c, users in seen.items()}, STAYS)
    workers: dict[str, float] = shared.get(WORKERS) or {}
    if now - workers.get(worker, 0.0) > STAYS / 3:
        # Two processes may write at once and lose one of the two: it writes itself down again in a moment.
        shared.set(WORKERS, {w: at for w, at in workers.items() if now - at < 2 * STAYS} | {worker: now}, None)


def seen_by_all(chains: Iterable[UUID]) -> dict[UUID, dict[UUID, bool]]:
    """Who is here (True) or away (False) on each of the chains, by what all processes say. Two reads of the cache."""
    shared, now = caches["shared"], stamp()
    wanted: dict[UUID, dict[UUID, bool]] = {c: {} for c in chains}
    workers: dict[str, float] = shared.get(WORKERS) or {}
    for said in shared.get_many([f"here:{w}" for w in workers]).values():
        for chain in wanted.keys() & said.keys():
            for user, (here, at) in said[chain].items():
                if here or now - at < AWAY:
                    wanted[chain][user] = here or wanted[chain].get(user, False)
    return wanted


def faces_of(chain: UUID, seen: Mapping[UUID, bool]) -> list[Face]:
    """The people behind the accounts: those here first, by name. Who was taken off the incident is not among them."""
    if not seen:
        return []
    rows = Grant.objects.filter(chain_id=chain, user__is_active=True).values_list("user_id", "user__name").distinct()
    found = [Face(user, name, seen[user]) for user, name in rows.order_by() if user in seen]
    return sorted(found, key=lambda f: (not f.here, f.name.casefold(), str(f.user)))


def people_here(chain: UUID) -> list[Face]:
    """Who has the incident of this chain open, or had it within the last minutes."""
    return faces_of(chain, seen_by_all([chain])[chain])
