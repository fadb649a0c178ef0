"""What clients saw: every status, every event that was acknowledged, every answer that was wrong."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

Sent = tuple[str, str, str]
"""User, item and time of an event, as it was sent."""
Allowed = Mapping[tuple[str, str], frozenset[int]]
"""Fault and kind of request -> statuses that may come; elsewhere only 200."""
OK = frozenset({200})
MOST_SHOWN = 20


@dataclass
class Record:
    """Shared by all clients.

    Attributes:
        fault: What is going wrong now; "" for nothing.
        statuses: Requests by fault, kind ("list", "events") and status; 0 for no answer.
        sent: Every event that was ever sent, by its id.
        acknowledged: Ids of those whose batch was answered with 200.
        repeated: Events of batches that were sent again after they had been acknowledged.
        taken_again: How many of them the server called duplicates.
        wrong: What must not be.
    """

    fault: str = ""
    statuses: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    repeated: int = 0
    taken_again: int = 0
    wrong: list[str] = field(default_factory=list)
    sources: Counter[tuple[str, str]] = field(default_factory=Counter)
    _had: dict[str, set[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str, status: int, faults: set[str], allowed: Allowed) -> None:
        """One request ended; `faults` are those under which it began and ended."""
        with self._lock:
            self.statuses[self.fault, kind, status] += 1
            if not any(status in allowed.get((fault, kind), OK) for fault in faults):
                named = " or ".join(sorted(fault or "no fault" for fault in faults))
                self._add_wrong(f"{kind}: status {status} under {named}")

    def listed(self, release: str, source: str) -> None:
        """A list was given."""
        with self._lock:
            self.sources[release, source] += 1

    def lists(self, fault: str) -> int:
        """Lists that were given under a fault."""
        with self._lock:
            return self.statuses[fault, "list", 200]

    def send(self, events: dict[str, Sent]) -> None:
        """Events are about to be sent."""
        with self._lock:
            self.sent.update(events)

    def acknowledge(self, events: dict[str, Sent]) -> None:
        """Their batch was answered with 200: from now on their items must not come back."""
        with self._lock:
            self.acknowledged.update(events)
            for user, item, _ in events.values():
                self._had.setdefault(user, set()).add(item)

    def repeat(self, sent: int, duplicates: int) -> None:
        """A batch that had been acknowledged was sent again."""
        with self._lock:
            self.repeated += sent
            self.taken_again += duplicates

    def had(self, user: str) -> frozenset[str]:
        """Items of the user's acknowledged events."""
        with self._lock:
            return frozenset(self._had.get(user, ()))

    def complain(self, text: str) -> None:
        """Something must not be."""
        with self._lock:
            self._add_wrong(text)

    def _add_wrong(self, text: str) -> None:
        if text not in self.wrong and len(self.wrong) < MOST_SHOWN:
            self.wrong.append(text)
