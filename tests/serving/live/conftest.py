"""Fixtures of the live store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from intentrec.serving.live import LiveStore
from store_world import Clock, open_store


@pytest.fixture
def clock() -> Clock:
    """The store's clock."""
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[LiveStore]:
    """A new store."""
    opened = open_store(tmp_path / "live", clock)
    yield opened
    opened.close()
