"""What the keeper does in a round."""

import itertools
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from intentrec.config import Config
from intentrec.errors import LLMUnavailable
from intentrec.llm import Request
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.serving.live import Keeper, LiveEvent, LiveItem, LiveState, LiveStore
from intentrec.serving.live.coverage import Coverage
from intentrec.workspace import Workspace
from shop_world import DAYS, START, opener
from store_world import Clock, event

RELEASED = START + timedelta(days=DAYS)


def coverage(workspace: Workspace) -> Coverage:
    return Coverage.of(workspace, workspace.release())


Opened = tuple[Workspace, Config, LiveStore, Clock]


def export(workspace: Workspace) -> Path:
    """A bundle in name only."""
    folder = workspace.root / "bundles" / f"{workspace.release().release}-x"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def opened(released: tuple[Workspace, Config], open_live: Callable[..., LiveStore]) -> Opened:
    workspace, config = released
    clock = Clock(RELEASED + timedelta(hours=9))
    serving = config.serving.model_copy(update={"drift_events": 5})
    return workspace, config.model_copy(update={"serving": serving}), open_live(workspace, clock), clock


def buys(user: str, theme: str, clock: Clock) -> list[LiveEvent]:
    """Five purchases of one kind of thing of a theme."""
    return [
        event(
            f"{user}-{theme}-{n}",
            user,
            item_id=f"{theme}-0-{n % 3}",
            event="purchase",
            timestamp=clock.forward(minutes=1),
        )
        for n in range(5)
    ]


def test_a_user_whose_intent_drifts_gets_new_interests_without_a_new_release(opened: Opened) -> None:
    workspace, config, store, clock = opened
    user = "user000"  # tea and garden
    before = set(workspace.read_release("interests").filter(user_id=user)["interest"])
    assert not any("christmas" in name for name in before)
    keeper, state = Keeper(workspace, config, store, export), LiveState(store, coverage(workspace))
    store.add_events(buys(user, "christmas", clock))
    done = keeper.step(clock.forward(minutes=1))
    assert done == {"exported": 1, "events": 5, "asked": 1, "refreshed": 1}
    state.sync()
    made = state.refreshed(user)
    assert made is not None
    wished = next(interest for interest in made.interests if "christmas" in interest["interest"])
    assert set(wished["evidence"]) <= {row for row, _ in state.numbered(user)}
    assert any(tag["interest_id"] == wished["interest_id"] for tag in made.tags)
    assert "christmas bauble" in made.profile["lines"][0]["text"]
    keeper.close()


def test_a_refresh_lasts_until_a_release_covers_it(opened: Opened) -> None:
    workspace, config, store, clock = opened
    keeper, old = Keeper(workspace, config, store, export), coverage(workspace)
    store.add_events(buys("user000", "christmas", clock))
    keeper.step(clock.forward(minutes=1))
    as_of = clock.forward(days=1)
    run_day(workspace, config, RunOptions(as_of=as_of), now=lambda: as_of, progress=SILENT)
    state = LiveState(store, coverage(workspace))
    assert (state.version("user000"), state.refreshed("user000")) == (0, None)
    state.covered_by(old)  # a rollback
    assert len(state.events("user000")) == 5
    assert state.refreshed("user000") is not None
    assert keeper.step(clock.forward(minutes=1)) == {"exported": 1}
    keeper.close()


def test_more_of_the_same_is_no_drift(opened: Opened) -> None:
    workspace, config, store, clock = opened
    keeper = Keeper(workspace, config, store, export)
    mixed = [*buys("user000", "tea", clock)[:3], *buys("user000", "garden", clock)[:2]]
    store.add_events(mixed)
    assert keeper.step(clock.forward(minutes=1)) == {"exported": 1, "events": 5, "asked": 1}
    assert keeper.step(clock.forward(minutes=1)) == {}
    keeper.close()


def test_undrained_events_take_part_and_get_their_rows_later(opened: Opened) -> None:
    workspace, config, store, clock = opened
    keeper, state = Keeper(workspace, config, store, export), LiveState(store, coverage(workspace))
    store.add_events(buys("user000", "christmas", clock))
    with workspace.writing():  # a run that takes long
        done = keeper.step(clock.forward(minutes=1))
    assert done == {"exported": 1, "waited:drain": 1, "asked": 1, "refreshed": 1}
    state.sync()
    assert min(evidence(state)) < 0
    assert keeper.step(clock.forward(minutes=1))["events"] == 5
    assert min(evidence(state)) >= 0
    assert {row for row, _ in state.numbered("user000")} & evidence(state)
    keeper.close()


def evidence(state: LiveState) -> set[int]:
    made = state.refreshed("user000")
    assert made is not None
    return {row for interest in made.interests for row in interest["evidence"]}


def test_one_keeper_works_and_another_takes_over_when_it_is_gone(opened: Opened) -> None:
    workspace, config, store, clock = opened
    first, second = (Keeper(workspace, config, store, export) for _ in range(2))
    assert first.step(clock.now) == {"exported": 1}
    assert second.step(clock.now) == {}
    first.close()
    assert second.step(clock.now) == {"exported": 1}
    second.close()


def test_a_bundle_is_made_when_the_release_changes_or_the_folder_is_gone(opened: Opened) -> None:
    workspace, config, store, clock = opened
    keeper = Keeper(workspace, config, store, export)
    assert [keeper.step(clock.now) for _ in range(2)] == [{"exported": 1}, {}]
    (workspace.root / "bundles" / "r0001-x").rmdir()
    assert keeper.step(clock.now) == {"exported": 1}
    workspace.releases.publish(workspace.release())
    assert keeper.step(clock.now) == {"exported": 1}
    keeper.close()


def test_a_duty_that_fails_is_said_once_and_the_others_go_on(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    workspace, config, store, clock = opened
    seen: list[tuple[str, bool]] = []
    waiting: list[int] = []

    def fails(of: Workspace) -> Path:
        raise ZeroDivisionError("of a user")

    keeper = Keeper(workspace, config, store, fails, lambda duty, _, ok: seen.append((duty, ok)), waiting.append)
    store.add_events([event("a", item_id="tea-0-0", timestamp=RELEASED)])
    with caplog.at_level(logging.ERROR):
        assert keeper.step(clock.now) == {"failed:export": 1, "events": 1}
        assert keeper.step(clock.now) == {"failed:export": 1}
    lines = [record.getMessage() for record in caplog.records if "keeper" in record.getMessage()]
    assert lines == ["keeper: export failed and is tried again: ZeroDivisionError"]
    assert seen[:3] == [("export", False), ("drain", True), ("drift", True)]
    assert waiting == [0, 0]
    keeper.close()


def test_a_store_that_is_gone_does_not_end_the_loop(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    workspace, config, store, clock = opened
    keeper = Keeper(workspace, config, store, export)
    store.file.parent.rename(workspace.root / "moved")
    with caplog.at_level(logging.ERROR):
        assert keeper.step(clock.now) == {}
        assert "keeper: watch failed and is tried again: FileNotFoundError" in caplog.text
    (workspace.root / "moved").rename(store.file.parent)
    store.close()
    done = keeper.step(clock.now)
    assert done["failed:count"] == 1
    keeper.close()


def test_drains_may_be_left_to_runs(opened: Opened) -> None:
    workspace, config, store, clock = opened
    serving = config.serving.model_copy(update={"drain_seconds": 0.0})
    keeper = Keeper(workspace, config.model_copy(update={"serving": serving}), store, export)
    store.add_events([event("a", item_id="tea-0-0", timestamp=RELEASED)])
    assert keeper.step(clock.now) == {"exported": 1}
    assert store.waiting() == 1
    keeper.close()


def test_before_the_first_release_events_are_drained_and_nothing_else_happens(
    workspace: Workspace, open_live: Callable[..., LiveStore], clock: Clock
) -> None:
    store = open_live(workspace, clock)
    store.put_items([LiveItem(item_id="i", title="ITEM")])
    keeper = Keeper(workspace, Config(), store, export)
    assert keeper.step(clock.now) == {"items": 1}
    keeper.close()


def test_it_works_until_it_is_told_to_stop(opened: Opened) -> None:
    workspace, config, store, _ = opened
    serving = config.serving.model_copy(update={"poll_seconds": 0.01})
    rounds, stop = itertools.count(1), threading.Event()

    def observe(duty: str, seconds: float, ok: bool) -> None:
        if duty == "export" and next(rounds) == 3:
            stop.set()

    keeper = Keeper(workspace, config.model_copy(update={"serving": serving}), store, export, observe)
    keeper.run(stop)
    assert store.read("SELECT 1 FROM facts WHERE name = 'pruned_at'") == [(1,)]
    other = Keeper(workspace, config, store, export)
    assert other.step(RELEASED) == {"exported": 1}  # the first has let go
    other.close()


def test_new_items_that_drifters_touch_are_known_to_the_refresh(opened: Opened) -> None:
    workspace, config, store, clock = opened
    keeper, state = Keeper(workspace, config, store, export), LiveState(store, coverage(workspace))
    items = [f"new-{n}" for n in range(5)]
    store.put_items([LiveItem(item_id=name, title=f"FISHING ROD {n}") for n, name in enumerate(items)])
    bought = {"event": "purchase", "timestamp": clock.now}
    store.add_events([event(name, "user000", item_id=name, **bought) for name in items])
    assert keeper.step(clock.forward(minutes=1))["asked"] == 1
    state.sync()
    assert len(state.events("user000")) == 5
    keeper.close()


def test_a_model_writes_for_drifters_where_the_settings_say_so_and_rules_do_when_it_is_down(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, config, store, clock = opened
    asked: list[str] = []

    def answer(request: Request) -> dict[str, Any]:
        asked.append(request.stage)
        raise LLMUnavailable("down")

    monkeypatch.setattr("intentrec.serving.live.refresh.open_model", opener(ScriptedBackend(answer)))
    serving = config.serving.model_copy(update={"refresh_with_model": True})
    keeper = Keeper(workspace, config.model_copy(update={"serving": serving}), store, export)
    state = LiveState(store, coverage(workspace))
    store.add_events(buys("user000", "christmas", clock))
    assert keeper.step(clock.forward(minutes=1))["refreshed"] == 1
    state.sync()
    made = state.refreshed("user000")
    assert made is not None
    assert (asked[0], {interest["model"] for interest in made.interests}) == ("interests", {"none"})
    keeper.close()
