"""Commits are heard by every process at once, and found without the bell a second later."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intentrec.errors import WorkspaceError
from intentrec.serving.live import LiveEvent, LiveState, LiveStore, bell, state
from intentrec.serving.live.bell import Bell

EVENT = LiveEvent(event_id="e1", user_id="anna", timestamp=datetime(2026, 3, 1, tzinfo=UTC), event="view", item_id="i1")
COMMIT_ELSEWHERE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from intentrec.serving.live import LiveEvent, LiveStore
store = LiveStore.open(Path(sys.argv[1]))
at = datetime(2026, 3, 1, tzinfo=UTC)
store.add_events([LiveEvent(event_id="e2", user_id="ben", timestamp=at, event="view", item_id="i1")])
store.close()
"""


@pytest.fixture
def store(tmp_path):
    store = LiveStore.open(tmp_path / "live")
    yield store
    store.close()


def test_a_commit_is_heard_and_silence_is_not(store):
    before = store.heard()
    assert store.heard() == before
    store.add_events([EVENT])
    assert store.heard() != before


def test_a_commit_of_another_process_counts_at_the_next_look(store, tmp_path):
    live = LiveState(store)
    subprocess.run([sys.executable, "-c", COMMIT_ELSEWHERE, str(tmp_path / "live")], check=True)
    live.sync()
    assert live.version("ben") > 0


def test_what_was_committed_without_a_ring_is_found_when_the_trust_has_run_out(store, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(state, "monotonic", lambda: now[0])
    monkeypatch.setattr(store._bell, "ring", lambda: None)
    store._writer._committed = lambda: None
    live = LiveState(store)
    store.add_events([EVENT])
    live.sync()
    assert live.version("anna") == 0
    now[0] = state._TRUSTED
    live.sync()
    assert live.version("anna") > 0


def test_a_look_that_fails_is_made_again(store, monkeypatch):
    live = LiveState(store)
    store.add_events([EVENT])
    read = store.read

    def broken(*_):
        raise WorkspaceError("no")

    monkeypatch.setattr(store, "read", broken)
    with pytest.raises(WorkspaceError):
        live.sync()
    monkeypatch.setattr(store, "read", read)
    live.sync()
    assert live.version("anna") > 0


def test_two_that_ring_at_once_do_not_cancel_out(tmp_path):
    one, other = Bell(tmp_path), Bell(tmp_path)
    seen = {one.heard()}
    for each in (one, other, one, other):
        each.ring()
        seen.add(one.heard())
    assert one.heard() == other.heard()
    assert len(seen) == 5


def test_a_bell_without_a_block_on_disk_is_an_error_and_not_a_crash_later(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bell.os, "posix_fallocate", full)
    with pytest.raises(WorkspaceError, match="full"):
        Bell(tmp_path)
    with pytest.raises(WorkspaceError):
        Bell(Path(tmp_path / "nowhere"))
