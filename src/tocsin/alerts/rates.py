"""How many reports one address may send in a while: kept in memory, bounded, of this process alone."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from tocsin.people.guesses import one_place

REPORTS, WITHIN_SECONDS, ADDRESSES = 10, 600.0, 10_000


@dataclass
class Pace:
    """Counts what each address sent within a while; forgets the addresses that were quiet longest."""

    most: int = REPORTS
    within: float = WITHIN_SECONDS
    sent: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def passes(self, address: str) -> bool:
        """Whether the address may send one more now; if so it is counted."""
        now, address = time.monotonic(), one_place(address)
        with self.lock:
            times = self.sent.setdefault(address, deque(maxlen=self.most))
            self.sent.move_to_end(address)
            while len(self.sent) > ADDRESSES:
                self.sent.popitem(last=False)
            while times and now - times[0] > self.within:
                times.popleft()
            if len(times) >= self.most:
                return False
            times.append(now)
            return True


PACE = Pace()
