"""Progress of long work, shown by whoever calls and never printed by a stage itself."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """Shows how far a piece of work has come."""

    def track(self, label: str, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]:
        """Open a bar for `total` units; the function it yields is called with the units done since the last call."""
        ...


class SilentProgress:
    """Shows nothing: for tests, servers and pipes."""

    @contextmanager
    def track(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Yield a function that does nothing."""
        yield lambda done: None


SILENT = SilentProgress()
