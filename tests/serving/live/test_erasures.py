"""After an erasure no file under the workspace knows the user, whatever was under way."""

import logging
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from intentrec.config import Config
from intentrec.errors import WorkspaceError
from intentrec.serving.bundle import Bundle, export_bundle
from intentrec.serving.live import Exposure, InterestEdit, Keeper, Label, LiveState, LiveStore
from intentrec.serving.live.coverage import Coverage
from intentrec.workspace import Workspace
from shop_world import DAYS, START
from store_world import Clock, event

WHO, OTHER, QUERY = "user000", "user001", "zanzibar pepper mill"
RELEASED = START + timedelta(days=DAYS)


@pytest.fixture
def opened(
    released: tuple[Workspace, Config], open_live: Callable[..., LiveStore]
) -> tuple[Workspace, Config, LiveStore, Clock]:
    clock = Clock(RELEASED + timedelta(hours=9))
    return *released, open_live(released[0], clock), clock


def holding(root: Path, text: str) -> list[str]:
    """Files that hold a text: among their bytes, or, as Parquet packs them, among their values."""
    files = [file for file in root.rglob("*") if file.is_file()]
    return [str(file.relative_to(root)) for file in files if text.encode() in unpacked(file)]


def unpacked(file: Path) -> bytes:
    values = pl.read_parquet(file).write_json().encode() if file.suffix == ".parquet" else b""
    return file.read_bytes() + values


def leave_traces(store: LiveStore, clock: Clock) -> None:
    """Of the user in every table of the store; some events will be drained, one of them quarantined."""
    bought = [
        event(f"{WHO}-{n}", WHO, item_id=f"christmas-0-{n % 3}", event="purchase", timestamp=clock.now)
        for n in range(10)
    ]
    asked = event("q", WHO, item_id=None, query=QUERY, event="search", timestamp=clock.now)
    lost = event("x", WHO, item_id="nowhere", query=QUERY, timestamp=clock.now)
    store.add_events([*bought, asked, lost, event("other", OTHER, item_id="tea-0-0", timestamp=clock.now)])
    store.edit_interest(InterestEdit(user_id=WHO, action="add", text="chess", at=clock.now))
    store.add_labels([Label(task="t", subject=WHO, criterion="c", verdict="v", rater="r", at=clock.now)])
    store.add_exposures([Exposure(experiment="e", arm="a", user_id=WHO, timestamp=clock.now, release="r0001")])
    clock.forward(minutes=1)


def test_no_byte_is_left_and_serving_goes_on(opened: tuple[Workspace, Config, LiveStore, Clock]) -> None:
    workspace, config, store, clock = opened
    root, old = workspace.root, workspace.release()
    keeper = Keeper(workspace, config, store, export_bundle)
    leave_traces(store, clock)
    assert keeper.step(clock.now)["refreshed"] == 1
    store.add_events([event("undrained", WHO, item_id=None, query=QUERY, timestamp=clock.now)])
    with closing(Bundle.open(export_bundle(workspace))) as mapped:  # a worker that serves the old release
        assert mapped.stored(WHO) is not None
        receipt = store.erase(WHO)
        assert keeper.step(clock.forward(minutes=1))["erased"] == 1
        assert store.erasure(receipt).state == "erased"
        assert keeper.step(clock.forward(minutes=1))["forgotten"] == 1
        assert mapped.stored(OTHER) is not None  # until it opens the new one
    held = {text: holding(root, text) for text in (WHO, QUERY)}
    assert held == {WHO: [], QUERY: []}
    done = store.erasure(receipt)
    assert (done.state, done.done_at, done.failed) == ("done", clock.now, None)
    assert done.rows["live"] == 15
    assert {"events", "quarantine", "interests", "tags", "labels", "exposures"} <= set(done.rows)
    new = workspace.release()
    assert (new.as_of, new.created_at) == (old.as_of, old.created_at)
    folders = [folder.name for folder in (root / "bundles").iterdir() if folder.is_dir()]
    assert folders == [export_bundle(workspace).name]
    with closing(Bundle.open(export_bundle(workspace))) as bundle:
        assert bundle.user_row(WHO) is None
        assert bundle.meta.last_row == Coverage.of(workspace, new).last_row
        state = LiveState(store, bundle.meta)
    assert not state.is_erased(WHO)
    assert [e.event_id for e in state.events(OTHER)] == ["other"]
    assert keeper.step(clock.forward(minutes=1)) == {}


def test_who_comes_back_is_a_new_user(opened: tuple[Workspace, Config, LiveStore, Clock]) -> None:
    workspace, config, store, clock = opened
    keeper = Keeper(workspace, config, store, export_bundle)
    store.erase(WHO)
    store.add_events([event("back", WHO, item_id="tea-0-0", timestamp=clock.now)])
    first = keeper.step(clock.forward(minutes=1))
    assert "events" not in first  # not before the tables are clean
    second = keeper.step(clock.forward(minutes=1))
    assert (first["erased"], second["forgotten"]) == (1, 1)
    third = keeper.step(clock.forward(minutes=1))
    assert third == {"events": 1}
    assert workspace.read("events").filter(user_id=WHO)["event_id"].to_list() == ["back"]
    assert [e.event_id for e in LiveState(store).events(WHO)] == ["back"]


def test_an_erasure_waits_for_a_run_and_goes_on_after_a_failure(
    opened: tuple[Workspace, Config, LiveStore, Clock], caplog: pytest.LogCaptureFixture
) -> None:
    workspace, config, store, clock = opened
    broken = [False]

    def export(of: Workspace) -> Path:
        if broken[0]:
            raise WorkspaceError("The disk is full.")
        return export_bundle(of)

    keeper = Keeper(workspace, config, store, export)
    keeper.step(clock.now)
    broken[0] = True
    receipt = store.erase(WHO)
    with workspace.writing():
        assert keeper.step(clock.now)["waited:erasures"] == 1
    with caplog.at_level(logging.ERROR):
        assert keeper.step(clock.now)["failed:erasures"] == 1
        assert keeper.step(clock.now)["failed:erasures"] == 1
    lines = [record.getMessage() for record in caplog.records if "erasures" in record.getMessage()]
    assert lines == ["keeper: erasures failed and is tried again: The disk is full."]
    status = store.erasure(receipt)
    assert (status.state, status.failed) == ("waiting", "The disk is full.")
    broken[0] = False
    assert keeper.step(clock.now)["erased"] == 1
    assert keeper.step(clock.forward(minutes=1))["forgotten"] == 1
    assert (store.erasure(receipt).failed, holding(workspace.root, WHO)) == (None, [])
    assert store.erasure(receipt).rows["events"] == 24
