"""Commands reach what is live, with a server and without."""

from collections.abc import Callable
from pathlib import Path

from intentrec.config import Config
from intentrec.serving.live import LiveItem, LiveStore
from intentrec.serving.live.command import drain_workspace, erase_served
from intentrec.serving.live.keeper import Keeper
from intentrec.workspace import Workspace
from store_world import Clock, event

Opens = Callable[[Workspace, Clock], LiveStore]


def no_bundle(workspace: Workspace) -> Path:
    raise AssertionError("there is no release to export")


def test_a_run_sees_what_came_in_before_it(workspace: Workspace, open_live: Opens, clock: Clock) -> None:
    assert drain_workspace(workspace, Config(), clock) == {}
    assert not (workspace.root / "live").exists()
    store = open_live(workspace, clock)
    store.put_items([LiveItem(item_id="i", title="ITEM")])
    store.add_events([event("a")])
    assert drain_workspace(workspace, Config(), clock) == {"items": 1, "events": 1}
    assert workspace.read("events")["event_id"].to_list() == ["a"]


def test_without_a_server_an_erasure_is_done_at_once(workspace: Workspace, open_live: Opens, clock: Clock) -> None:
    assert erase_served(workspace, Config(), "ann", clock, no_bundle) is None
    assert not (workspace.root / "live").exists()
    store = open_live(workspace, clock)
    store.add_events([event("a")])
    (workspace.root / "bundles" / "r0001-old").mkdir(parents=True)
    assert erase_served(workspace, Config(), "ann", clock, no_bundle) is None
    assert list((workspace.root / "bundles").iterdir()) == []
    assert store.read("SELECT state, user_id FROM erasures") == [("done", None)]


def test_a_running_server_finishes_an_erasure(workspace: Workspace, open_live: Opens, clock: Clock) -> None:
    store = open_live(workspace, clock)
    keeper = Keeper(workspace, Config(), store, no_bundle)
    keeper.step(clock.now)
    receipt = erase_served(workspace, Config(), "ann", clock, no_bundle)
    assert receipt is not None
    assert store.erasure(receipt).state == "waiting"
    keeper.step(clock.forward(minutes=1))
    keeper.step(clock.forward(minutes=1))
    assert store.erasure(receipt).state == "done"
    keeper.close()


def test_other_hosts_are_told_of_an_erasure_by_the_next_server(
    workspace: Workspace, open_live: Opens, clock: Clock
) -> None:
    store = open_live(workspace, clock)
    config = Config.model_validate({"serving": {"redis_url": "redis://127.0.0.1:1/0"}})
    receipt = erase_served(workspace, config, "ann", clock, no_bundle)
    assert receipt is not None
    assert store.erasure(receipt).state == "erased"
