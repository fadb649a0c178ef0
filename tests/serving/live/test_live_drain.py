"""Live rows reach the tables once, and bad ones the quarantine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from intentrec.config import Config
from intentrec.errors import WorkspaceBusy
from intentrec.serving.live import Exposure, Label, LiveItem, LiveState, LiveStore
from intentrec.serving.live.drain import Drain
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
