"""What need not be kept goes, and nothing else."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from intentrec.config import Config, template
from intentrec.serving.live import InterestEdit, LiveItem, LiveState, LiveStore
from intentrec.serving.live.drain import Drain
from intentrec.serving.live.encoding import event_row, micros
from intentrec.serving.live.prune import Pruning
from intentrec.serving.live.settle import settle
from intentrec.serving.live.writes import add_events, put_items, put_refreshed
from intentrec.workspace import Manifest, Workspace
from store_world import Clock, T, event


@pytest.fixture
def shop(tmp_path: Path, clock: Clock, open_live: Callable[..., LiveStore]) -> tuple[Workspace, LiveStore]:
    workspace = Workspace.create(tmp_path / "shop", template())
    store = open_live(workspace, clock)
    store.put_items([LiveItem(item_id="i", title="ITEM")])
    Drain(workspace, Config(), store, clock).run()
    return workspace, store


def config(**serving: object) -> Config:
    return Config.model_validate({"serving": serving})


def count(store: LiveStore, table: str) -> int:
    return int(store.read(f"SELECT count(*) FROM {table}")[0][0])


def publish(workspace: Workspace, clock: Clock) -> None:
    facts = {"run": {"last_row": workspace.read("events")["row"].max()}}
    manifest = Manifest(as_of=clock.now, created_at=clock.now, fingerprint="f", tables={}, facts=facts)
    workspace.releases.publish(manifest)


def test_refused_events_go_when_their_ids_need_not_be_known_any_longer(
    shop: tuple[Workspace, LiveStore], clock: Clock
) -> None:
    workspace, store = shop
    store.add_events([event("bad", item_id="nowhere")])
    Drain(workspace, Config(), store, clock).run()
    pruning = Pruning(workspace, config(event_id_days=10, live_days=1), store)
    assert pruning.step(clock.forward(days=9), None) == {}
    assert store.add_events([event("bad")]).duplicates == 1
    assert pruning.step(clock.forward(days=2), None) == {"pruned": 1}
    assert store.add_events([event("bad")]).accepted == 1


def test_an_id_is_known_longer_than_its_event_is_live(shop: tuple[Workspace, LiveStore], clock: Clock) -> None:
    workspace, store = shop
    store.add_events([event("a")])
    Drain(workspace, Config(), store, clock).run()
    publish(workspace, Clock(clock.forward(minutes=1)))
    pruning = Pruning(workspace, config(event_id_days=40, live_days=1), store)
    assert pruning.step(clock.forward(days=30), None) == {"pruned": 1}  # the item
    assert count(store, "events") == 1
    assert pruning.step(clock.forward(days=11), None) == {"pruned": 1}


def test_without_a_release_nothing_drained_goes(shop: tuple[Workspace, LiveStore], clock: Clock) -> None:
    workspace, store = shop
    store.add_events([event("a")])
    Drain(workspace, Config(), store, clock).run()
    assert Pruning(workspace, Config(), store).step(clock.forward(days=400), None) == {}


@pytest.mark.parametrize(
    ("drains", "published", "left"),
    [("own", 0, ["own"]), ("all", 0, ["own", "foreign"]), ("none", 0, ["own"]), ("none", 100, [])],
)
def test_rows_that_this_host_does_not_drain_are_live_for_their_days(
    shop: tuple[Workspace, LiveStore], clock: Clock, drains: str, published: int, left: list[str]
) -> None:
    workspace, store = shop
    store.add_events([event("own")])
    at = micros(clock.now)
    store.write(lambda batch: add_events(batch, [event_row(event("foreign"))], at, foreign=True))
    store.write(lambda batch: put_items(batch, [LiveItem(item_id="f", title="F")], at, foreign=True))
    store.write(lambda batch: batch.keep("published", published))
    Pruning(workspace, config(redis_drain=drains), store).step(clock.forward(days=31), None)
    assert [event_id for (event_id,) in store.read("SELECT event_id FROM events ORDER BY n")] == left
    assert count(store, "items WHERE foreign_") == (drains == "all")


def test_wishes_stay_and_what_was_taken_back_goes(shop: tuple[Workspace, LiveStore], clock: Clock) -> None:
    workspace, store = shop
    store.edit_interest(InterestEdit(user_id="ann", interest_id="x", action="remove", at=T))
    store.edit_interest(InterestEdit(user_id="ann", interest_id="y", action="remove", at=T))
    store.take_back_edit("ann", "y")
    store.write(lambda batch: put_refreshed(batch, "ann", 1, "{}", micros(clock.now)))
    Pruning(workspace, Config(), store).step(clock.forward(days=31), None)
    assert (count(store, "edits"), count(store, "refreshed")) == (1, 0)
    assert [edit.interest_id for edit in LiveState(store).edits("ann")] == ["x"]


def test_changes_go_a_round_later_and_late_readers_read_anew(shop: tuple[Workspace, LiveStore], clock: Clock) -> None:
    workspace, store = shop
    late, pruning = LiveState(store), Pruning(workspace, Config(), store)
    store.put_items([LiveItem(item_id="new", title="NEW")])
    pruning.step(clock.now, None)
    assert count(store, "changes") > 0
    pruning.step(clock.now, None)
    assert count(store, "changes") == 0
    late.sync()
    assert set(late.items) == {"i", "new"}


def test_many_rows_go_in_several_transactions(
    shop: tuple[Workspace, LiveStore], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, store = shop
    monkeypatch.setattr("intentrec.serving.live.prune._AT_ONCE", 2)
    store.add_events([event(str(n), item_id="nowhere") for n in range(5)])
    Drain(workspace, Config(), store, clock).run()
    assert Pruning(workspace, Config(), store).step(clock.forward(days=31), None) == {"pruned": 5}


def test_the_latest_bundles_stay_and_drafts_of_dead_exports_go(
    shop: tuple[Workspace, LiveStore], clock: Clock, tmp_path: Path
) -> None:
    workspace, store = shop
    for age, name in enumerate(("current", "last", "older", "oldest", ".draft-dead", ".draft-alive")):
        (tmp_path / "bundles" / name).mkdir(parents=True)
        moment = (clock.now - timedelta(days=0 if name == ".draft-alive" else age)).timestamp()
        os.utime(tmp_path / "bundles" / name, (moment, moment))
    (tmp_path / "bundles" / ".lock").write_text("")
    assert Pruning(workspace, Config(), store).step(clock.now, tmp_path / "bundles" / "current") == {"bundles": 2}
    left = sorted(path.name for path in (tmp_path / "bundles").iterdir())
    assert left == [".draft-alive", ".lock", "current", "last", "older"]


def test_many_small_files_of_a_table_become_one(
    shop: tuple[Workspace, LiveStore], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, store = shop
    monkeypatch.setattr("intentrec.serving.live.prune._FILES", 3)
    for n in range(4):
        store.add_events([event(str(n))])
        Drain(workspace, Config(), store, clock).run()
    before, version = workspace.read("events"), workspace.tables.version("events")
    with workspace.writing():
        assert Pruning(workspace, Config(), store).step(clock.now, None) == {}  # another time
    assert Pruning(workspace, Config(), store).step(clock.now, None) == {"compacted": 1}
    assert workspace.read("events").equals(before)
    assert workspace.tables.read("events", version).equals(before)
    assert Pruning(workspace, Config(), store).step(clock.now, None) == {}


def test_rows_of_other_hosts_are_covered_where_somebody_brought_the_tables_together(
    shop: tuple[Workspace, LiveStore], clock: Clock
) -> None:
    workspace, store = shop
    at = micros(clock.now)
    store.write(lambda batch: add_events(batch, [event_row(event("foreign"))], at, foreign=True))
    assert settle(workspace, store, clock.now, all_waiting=True) == 0
    brought = pl.DataFrame(
        {"row": [0], "user_id": ["ann"], "timestamp": [T], "event": ["view"], "item_id": ["i"], "event_id": ["foreign"]}
    )
    workspace.write("events", brought.cast({"timestamp": pl.Datetime("us", "UTC")}), append=True)
    assert settle(workspace, store, clock.now) == 0
    assert settle(workspace, store, clock.now, all_waiting=True) == 1
    assert LiveState(store).numbered("ann")[0][0] == 0
