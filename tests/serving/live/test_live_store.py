"""What is acknowledged is kept, once; what cannot be kept is refused, in words."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from intentrec.errors import NotFoundError, WorkspaceError
from intentrec.serving.live import Added, InterestEdit, LiveItem, LiveState, LiveStore
from intentrec.serving.live.database import connect
from intentrec.serving.live.writer import Batch
from intentrec.serving.live.writes import _OF_USER
from store_world import Clock, T, event, open_store


def counted(store: LiveStore, table: str = "events") -> int:
    return int(store.read(f"SELECT count(*) FROM {table}")[0][0])


def test_an_id_that_is_known_is_a_duplicate_in_a_batch_and_later(store: LiveStore) -> None:
    assert store.add_events([event("a"), event("b"), event("a", "bob")]) == Added(accepted=2, duplicates=1)
    assert store.add_events([event("b"), event("c")]) == Added(accepted=1, duplicates=1)
    assert store.add_events([]) == Added(accepted=0, duplicates=0)
    assert [e.event_id for e in LiveState(store).events("ann")] == ["a", "b", "c"]


def test_an_event_comes_back_as_it_came_in(store: LiveStore) -> None:
    given = event("\0é🙂", "x" * 500, item_id=None, query="tea\nfor two", weight=-1.5, value=1e300, event="search")
    store.add_events([given])
    assert LiveState(store).events("x" * 500) == [given]


def test_numbers_go_up_with_every_commit(store: LiveStore) -> None:
    store.add_events([event("a"), event("a"), event("b")])
    store.put_items([LiveItem(item_id="i", title="t")])
    store.add_events([event("c")])
    numbers = [n for (n,) in store.read("SELECT n FROM events UNION SELECT n FROM changes ORDER BY n")]
    assert numbers == sorted(set(numbers))
    assert store.fact("n") == numbers[-1]


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killed_store.py")
    died = subprocess.run([sys.executable, str(script), str(tmp_path / "live")], capture_output=True, check=False)
    acknowledged = died.stdout.decode().split()
    assert died.returncode == -9
    assert len(acknowledged) == 50
    store = open_store(tmp_path / "live")
    kept = {event_id for (event_id,) in store.read("SELECT event_id FROM events")}
    store.close()
    assert set(acknowledged) <= kept


def test_processes_and_threads_write_at_the_same_time_and_nothing_is_lost(tmp_path: Path, store: LiveStore) -> None:
    script = Path(__file__).with_name("flooding_store.py")
    others = [subprocess.Popen([sys.executable, str(script), str(store.file.parent), f"p{n}"]) for n in range(2)]
    threads = [threading.Thread(target=flood, args=(store, f"t{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0, 0]
    assert counted(store) == 10 * 40
    assert LiveState(store).version("ann") > 0


def flood(store: LiveStore, name: str) -> None:
    for n in range(40):
        assert store.add_events([event(f"{name}-{n}")]).accepted == 1


def test_callers_that_wait_at_the_same_time_share_a_commit(store: LiveStore) -> None:
    begun, go = threading.Event(), threading.Event()

    def blocks(batch: Batch) -> None:
        begun.set()
        go.wait()

    first = store.queue(blocks)
    begun.wait()
    waiting = [store.queue_events([event(str(n))]) for n in range(100)]
    before = store.data_version()
    go.set()
    assert all(future.result() == Added(accepted=1, duplicates=0) for future in waiting)
    first.result()
    commits = store.read("SELECT count(*) FROM (SELECT DISTINCT at FROM events)")
    assert (store.data_version() - before, commits) == (1, [(1,)])


def test_a_bad_job_fails_alone(store: LiveStore) -> None:
    begun, go = threading.Event(), threading.Event()

    def blocks(batch: Batch) -> None:
        begun.set()
        go.wait()

    def bad(batch: Batch) -> None:
        raise ValueError("no")

    store.queue(blocks)
    begun.wait()
    good, wrong, cancelled = store.queue_events([event("a")]), store.queue(bad), store.queue_events([event("b")])
    cancelled.cancel()
    go.set()
    assert good.result().accepted == 1
    with pytest.raises(ValueError, match="no"):
        wrong.result()
    assert counted(store) == 1


def refuse(store: LiveStore, pragma: str) -> None:
    """Make the writer's own connection as the disk would."""
    store.write(lambda batch: None)
    assert store._writer._db is not None
    store._writer._db.execute(f"PRAGMA {pragma}").fetchall()


def test_a_full_disk_is_said_and_the_store_works_again(store: LiveStore) -> None:
    store.add_events([event("a")])
    pages = store.read("PRAGMA page_count")[0][0]
    refuse(store, f"max_page_count={pages}")
    with pytest.raises(WorkspaceError, match=r"The disk that holds .*live.sqlite is full, so nothing of this was kept"):
        store.add_events([event(str(n), query="x" * 5000) for n in range(200)])
    assert counted(store) == 1
    assert store.add_events([event("b")]).accepted == 1


def test_all_who_wait_are_told_that_the_disk_is_full(store: LiveStore) -> None:
    pages = store.read("PRAGMA page_count")[0][0]
    refuse(store, f"max_page_count={pages}")
    big = [event(str(n), query="x" * 5000) for n in range(200)]
    with pytest.raises(WorkspaceError, match="is full"):
        store.queue_events(big).result()
    assert counted(store) == 0


def test_a_file_that_may_not_be_written_is_said(store: LiveStore) -> None:
    refuse(store, "query_only=ON")
    with pytest.raises(WorkspaceError, match="Cannot write .*live.sqlite: attempt to write a readonly database"):
        store.add_events([event("a")])
    assert store.add_events([event("a")]).accepted == 1


def test_a_file_that_is_held_too_long_is_said(tmp_path: Path) -> None:
    store = open_store(tmp_path / "live", patience=0.05)
    other = connect(store.file, 1.0)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(WorkspaceError, match="Another process held .*live.sqlite for too long"):
        store.add_events([event("a")])
    other.execute("ROLLBACK")
    other.close()
    assert store.add_events([event("a")]).accepted == 1
    store.close()


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    folder.mkdir()
    (folder / "live.sqlite").write_bytes(b"this is no database, it is a text" * 100)
    with pytest.raises(WorkspaceError, match=r"live.sqlite is damaged \(file is not a database\). Stop the server"):
        open_store(folder)


def test_damage_that_shows_later_is_said(tmp_path: Path) -> None:
    store = open_store(tmp_path / "live")
    store.add_events([event(str(n), query="x" * 1000) for n in range(500)])
    store.vacuum()
    store.close()
    size = store.file.stat().st_size
    with store.file.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(WorkspaceError, match="is damaged"):
        read_all(tmp_path / "live")


def read_all(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        LiveState(store)


def test_a_newer_format_and_a_folder_that_cannot_be_made_are_said(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    open_store(folder).close()
    raw = sqlite3.connect(folder / "live.sqlite")
    raw.execute("PRAGMA user_version=99")
    raw.close()
    with pytest.raises(WorkspaceError, match="it has format 99, and this intentrec knows 1"):
        open_store(folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="Cannot write .*file/live"):
        open_store(tmp_path / "file" / "live")


def test_a_closed_store_has_kept_what_was_queued(tmp_path: Path) -> None:
    store = open_store(tmp_path / "live")
    waiting: list[Future[Added]] = [store.queue_events([event(str(n))]) for n in range(20)]
    store.close()
    assert sum(future.result().accepted for future in waiting) == 20
    with pytest.raises(WorkspaceError, match="is closed; open it again"):
        store.add_events([event("late")])
    again = open_store(tmp_path / "live")
    assert counted(again) == 20
    again.close()


def test_a_put_replaces_and_the_later_of_two_edits_stands(store: LiveStore, clock: Clock) -> None:
    state = LiveState(store)
    store.put_items([LiveItem(item_id="i", title="old", size=3), LiveItem(item_id="j", title="other")])
    store.put_items([LiveItem(item_id="i", title="new")])
    state.sync()
    assert state.items == {"i": LiveItem(item_id="i", title="new"), "j": LiveItem(item_id="j", title="other")}
    edit = InterestEdit(user_id="ann", interest_id="x", action="reword", text="green tea", at=T)
    store.edit_interest(edit)
    store.edit_interest(edit.model_copy(update={"action": "remove", "text": None}))
    added = InterestEdit(user_id="ann", action="add", text="chess", at=T)
    store.edit_interest(added)
    state.sync()
    assert [(e.interest_id, e.action) for e in state.edits("ann")] == [("x", "remove"), (added.interest_id, "add")]
    store.take_back_edit("ann", "x")
    store.take_back_edit("ann", added.interest_id or "")
    state.sync()
    assert (state.edits("ann"), state.version("ann")) == ([], 0)


def test_an_erased_user_is_a_stranger_at_once_and_new_events_are_those_of_a_new_user(store: LiveStore) -> None:
    state = LiveState(store)
    store.add_events([event("a"), event("b"), event("c", "bob")])
    store.edit_interest(InterestEdit(user_id="ann", action="add", text="chess", at=T))
    state.sync()
    receipt = store.erase("ann")
    state.sync()
    assert (state.is_erased("ann"), state.is_erased("bob")) == (True, False)
    assert (state.events("ann"), state.edits("ann"), len(state.events("bob"))) == ([], [], 1)
    assert state.version("ann") > 0  # what the release stores is not used
    status = store.erasure(receipt)
    assert (status.state, status.asked_at, status.rows) == ("waiting", T, {"live": 3})
    assert "ann" not in status.model_dump_json()
    assert store.add_events([event("a")]).accepted == 1
    state.sync()
    assert [e.event_id for e in state.events("ann")] == ["a"]
    assert LiveState(store).is_erased("ann")
    assert store.erase("ann") == receipt
    with pytest.raises(NotFoundError, match="There is no receipt 'x' of an erasure"):
        store.erasure("x")


def test_a_state_that_missed_pruned_changes_reads_everything_anew(store: LiveStore) -> None:
    late = LiveState(store)
    store.edit_interest(InterestEdit(user_id="ann", action="add", text="chess", at=T))
    store.write(lambda batch: [batch.db.execute("DELETE FROM changes"), batch.keep("changes_from", batch.last)])
    late.sync()
    assert len(late.edits("ann")) == 1


def test_only_the_latest_events_of_a_user_are_looked_at(store: LiveStore) -> None:
    store.add_events([event(str(n), timestamp=T.replace(minute=n)) for n in range(9)])
    assert [e.event_id for e in LiveState(store, most=3).events("ann")] == ["6", "7", "8"]


def test_events_of_many_users_are_remembered_for_a_while(store: LiveStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intentrec.serving.live.state._REMEMBERED", 2)
    store.add_events([event(str(n), f"u{n}") for n in range(5)])
    state = LiveState(store)
    assert all(len(state.events(f"u{n}")) == 1 for n in (0, 1, 2, 3, 4, 0, 0))
    assert state.events("nobody") == []


def test_every_table_that_names_users_is_cleared_when_one_is_erased(store: LiveStore) -> None:
    columns = store.read(
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
    )
    named = {table for table, column in columns if column in ("user_id", "subject")}
    assert named == {*_OF_USER, "erasures"}


def test_the_store_holds_no_deleted_byte_after_a_vacuum(store: LiveStore) -> None:
    store.add_events([event(f"id-{n}", "user-7f3a", query=f"secret query {n}") for n in range(300)])
    store.erase("user-7f3a")
    store.write(lambda batch: [batch.db.execute("DELETE FROM changes"), batch.db.execute("DELETE FROM erasures")])
    store.vacuum()
    for file in store.file.parent.iterdir():
        assert b"user-7f3a" not in file.read_bytes(), file
        assert b"secret query" not in file.read_bytes(), file
