"""The client: every operation, and following an incident's log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID

from tocsin.client.made import EntryOut, Operations


class Tocsin(Operations):
    """A Tocsin server, asked with one token: `with Tocsin("https://tocsin.example.org", token) as t: …`."""

    def follow_log(
        self, incident: UUID | str, *, after: int = 0, every: float = 2.0, until: float | None = None
    ) -> Iterator[EntryOut]:
        """The entries of an incident's log as they are written, from after a sequence number on; it does not end.

        Looks every so many seconds, and stops after `until` seconds where that is given.
        """
        end = None if until is None else time.monotonic() + until
        while True:
            for entry in self.read_log(incident, after=after):
                after = entry.sequence
                yield entry
            if end is not None and time.monotonic() >= end:
                return
            time.sleep(every)
