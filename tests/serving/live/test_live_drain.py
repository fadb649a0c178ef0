"""Live rows reach the tables once, and bad ones the quarantine."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from intentrec.config import Config, template
from intentrec.errors import WorkspaceBusy
from intentrec.serving.live import Exposure, Label, LiveItem, LiveState, LiveStore
from intentrec.serving.live.drain import _WAITING, Drain
from intentrec.serving.live.encoding import event_row
from intentrec.serving.live.writes import add_events
from intentrec.workspace import Workspace
from shop_world import Shop, make_shop, open_shop
from store_world import Clock, T, event, open_store


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(4)


@pytest.fixture
def made(tmp_path: Path, shop: Shop) -> tuple[Workspace, Config]:
    return open_shop(tmp_path / "shop", shop)


@pytest.fixture
def store(made: tuple[Workspace, Config], clock: Clock) -> Iterator[LiveStore]:
    opened = open_store(made[0].root / "live", clock)
    yield opened
    opened.close()


@pytest.fixture
def drain(made: tuple[Workspace, Config], store: LiveStore, clock: Clock) -> Drain:
    return Drain(*made, store, clock)


def test_events_get_the_next_rows_and_keep_their_ids(drain: Drain, store: LiveStore) -> None:
    held = drain.workspace.read("events").height
    store.add_events([event("a", item_id="tea-0-0", event="purchase"), event("b", item_id=None, query="teapot")])
    assert drain.run() == {"events": 2}
    new = drain.workspace.read("events").tail(2)
    assert new.select("row", "event_id", "item_id", "query").rows() == [
        (held, "a", "tea-0-0", None),
        (held + 1, "b", None, "teapot"),
    ]
    assert drain.run() == {}
    assert LiveState(store).numbered("ann")[0][0] == held


def test_equal_events_with_ids_of_their_own_are_two_events(drain: Drain, store: LiveStore) -> None:
    store.add_events([event("a", item_id="tea-0-0"), event("b", item_id="tea-0-0")])
    assert drain.run() == {"events": 2}


def test_what_does_not_pass_the_checks_is_quarantined_and_no_longer_live(drain: Drain, store: LiveStore) -> None:
    state = LiveState(store)
    store.add_events([event("a", item_id="nowhere"), event("b", item_id="tea-0-0", event="wink"), event("c", "bob")])
    state.sync()
    assert state.version("ann") > 0
    assert drain.run() == {"refused": 3}
    state.sync()
    assert (state.version("ann"), state.version("bob")) == (0, 0)
    bad = drain.workspace.read("quarantine")
    assert bad.select("table", "source", "line").rows() == [("events", "live", n) for n in (1, 2, 3)]
    assert bad["reason"][0] == "item_id is not among the items; ingest its item first"
    assert bad["reason"][1].startswith("unknown kind of event 'wink'")
    assert '"event_id":"a"' in bad["record"][0]


def test_an_item_that_comes_before_its_event_is_known(drain: Drain, store: LiveStore) -> None:
    store.add_events([event("a", item_id="new")])
    store.put_items([LiveItem(item_id="new", title="NEW TEA", colour="green", grams=250)])
    assert drain.run() == {"items": 1, "events": 1}
    row = drain.workspace.read("items").filter(item_id="new").row(0, named=True)
    assert (row["title"], row["colour"], row["grams"], row["created_at"]) == ("NEW TEA", "green", 250, T)


def test_an_event_of_the_near_future_waits_for_its_time(drain: Drain, store: LiveStore, clock: Clock) -> None:
    soon, far = clock.now.replace(hour=1), clock.now.replace(day=5)
    store.add_events([event("a", item_id="tea-0-0", timestamp=soon), event("b", item_id="tea-0-0", timestamp=far)])
    assert drain.run() == {"refused": 1}
    clock.forward(hours=2)
    assert drain.run() == {"events": 1}


def test_while_another_process_writes_nothing_is_moved(drain: Drain, store: LiveStore) -> None:
    store.add_events([event("a", item_id="tea-0-0")])
    with drain.workspace.writing(), pytest.raises(WorkspaceBusy):
        drain.run()
    assert store.waiting() == 1


def test_labels_replace_and_exposures_are_appended_once(drain: Drain, store: LiveStore) -> None:
    label = Label(task="interest", subject="x", user_id="ann", criterion="true", verdict="yes", rater="r", at=T)
    shown = Exposure(experiment="e", arm="a", user_id="ann", timestamp=T, release="r0001")
    store.add_labels([label])
    store.add_exposures([shown, shown])
    assert drain.run() == {"labels": 1, "exposures": 2}
    store.add_labels([label.model_copy(update={"verdict": "no"})])
    store.add_exposures([shown, shown.model_copy(update={"user_id": "bob"})])
    drain.run()
    assert drain.workspace.read("labels").select("label_id", "verdict").rows() == [(label.label_id, "no")]
    assert drain.workspace.read("exposures")["user_id"].sort().to_list() == ["ann", "bob"]
    assert (store.labels(), store.exposures()) == ([], [])


def test_a_column_of_numbers_that_has_the_usual_name_is_left_alone(drain: Drain, store: LiveStore) -> None:
    events = drain.workspace.read("events").with_columns(event_id=pl.col("row"))
    drain.workspace.write("events", events)
    store.add_events([event("a", item_id="tea-0-0")])
    assert drain.run() == {"events": 1}
    last = drain.workspace.read("events").row(-1, named=True)
    assert (last["event_id"], last["live_event_id"]) == (None, "a")


def test_an_event_that_a_file_brought_under_its_id_is_not_stored_again(drain: Drain, store: LiveStore) -> None:
    state = LiveState(store)
    store.add_events([event("a", item_id="tea-0-0")])
    row = drain.workspace.read("events").tail(1)
    same = {"row": 10**6, "user_id": "ann", "timestamp": T, "event": "view", "item_id": "tea-0-0", "event_id": "a"}
    drain.workspace.write("events", pl.DataFrame([same], schema_overrides=row.schema), append=True)
    assert drain.run() == {"again": 1}
    state.sync()
    assert [row for row, _ in state.numbered("ann")] == [10**6]


def test_rows_of_other_hosts_wait_unless_this_host_drains_for_all(
    made: tuple[Workspace, Config], store: LiveStore, clock: Clock
) -> None:
    workspace, config = made
    row = event_row(event("foreign", item_id="tea-0-0"))
    store.write(lambda batch: add_events(batch, [row], 0, foreign=True))
    assert Drain(workspace, config, store, clock).run() == {}
    for_all = config.model_copy(update={"serving": config.serving.model_copy(update={"redis_drain": "all"})})
    assert Drain(workspace, for_all, store, clock).run() == {"events": 1}


def test_an_item_that_does_not_fit_is_quarantined_once_and_no_longer_live(drain: Drain, store: LiveStore) -> None:
    items = drain.workspace.read("items").with_columns(size=pl.lit(3, dtype=pl.Int64))
    drain.workspace.write("items", items)
    state = LiveState(store)
    store.put_items([LiveItem(item_id="odd", title="ODD", size="big"), LiveItem(item_id="fine", title="FINE", size=1)])
    state.sync()
    version = state.items_version
    assert drain.run() == {"items": 1, "refused": 1}
    state.sync()
    assert (set(state.items), state.items_version > version) == ({"fine"}, True)
    assert drain.workspace.read("quarantine")["reason"].to_list() == ["size is not Int64, as in the stored items"]


def test_events_wait_for_the_first_item(tmp_path: Path, clock: Clock) -> None:
    workspace = Workspace.create(tmp_path / "empty", template())
    store = open_store(workspace.root / "live", clock)
    store.add_events([event("a")])
    assert Drain(workspace, Config(), store, clock).run() == {}
    store.put_items([LiveItem(item_id="i", title="ITEM")])
    assert Drain(workspace, Config(), store, clock).run() == {"items": 1, "events": 1}
    store.close()


def test_many_events_are_moved_in_blocks(drain: Drain, store: LiveStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intentrec.serving.live.drain._WAITING", _WAITING.replace("LIMIT 50000", "LIMIT 2"))
    store.add_events([event(str(n), item_id="tea-0-0") for n in range(5)])
    assert drain.run() == {"events": 5}
