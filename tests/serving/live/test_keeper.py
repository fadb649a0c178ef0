"""What the keeper does in a round."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from intentrec.config import Config
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.serving.live import Keeper, LiveEvent, LiveState, LiveStore
from intentrec.serving.live.coverage import Coverage
from intentrec.workspace import Workspace
from shop_world import DAYS, START
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
    clock = Clock(RELEASED + timedelta(hours=9))
    return *released, open_live(released[0], clock), clock


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
