"""Live rows for tests, and a store whose clock is set by hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from intentrec.serving.live import LiveEvent, LiveStore

T = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    """A time that stands still until it is moved."""

    now: datetime = field(default=T)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        """Move on, e.g. by `days=1`."""
        self.now += timedelta(**by)
        return self.now


def event(event_id: str, user_id: str = "ann", **given: Any) -> LiveEvent:
    """An event; by default a view of an item at `T`."""
    return LiveEvent(**({"timestamp": T, "event": "view", "item_id": "i"} | given), event_id=event_id, user_id=user_id)


def open_store(folder: Path, clock: Clock | None = None, patience: float = 10.0) -> LiveStore:
    """A store in a folder."""
    return LiveStore.open(folder, clock=clock or Clock(), patience=patience)
