"""Whatever happens in whatever order, each event counts once: beside the release or in it."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

import polars as pl
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from intentrec.config import Config, template
from intentrec.serving.live import LiveItem, LiveState
from intentrec.serving.live.coverage import Coverage
from intentrec.serving.live.drain import Drain
from intentrec.serving.live.erasures import Erasures
from intentrec.serving.live.prune import Pruning
from intentrec.serving.live.settle import settle
from intentrec.workspace import Manifest, Workspace
from store_world import Clock, T, event, open_store

USERS = ("ann", "bob", "eve")


class Killed(Exception):
    pass


class Interleavings(RuleBasedStateMachine):
    """A shop whose runs only publish what they read."""

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.workspace = Workspace.create(self.root / "shop", template())
        self.clock, self.config, self.sent = Clock(), Config(), 0
        self.store = open_store(self.workspace.root / "live", self.clock)
        self.store.put_items([LiveItem(item_id="i", title="ITEM")])
        self.drain()
        self.expected: dict[str, str] = {}
        self.accepted: dict[str, datetime] = {}
        self.current: Manifest | None = None
        self.long_lived = LiveState(self.store)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.root)

    @rule(user=st.sampled_from(USERS), days_ago=st.integers(0, 3), n=st.integers(1, 3))
    def add(self, user: str, days_ago: int, n: int) -> None:
        when = self.clock.now - timedelta(days=days_ago)
        events = [event(f"e{self.sent + i}", user, timestamp=when) for i in range(n)]
        self.sent += n
        assert self.store.add_events(events).accepted == n
        self.expected |= {one.event_id: user for one in events}
        self.accepted |= {one.event_id: self.clock.now for one in events}

    @rule()
    def send_again(self) -> None:
        since = self.clock.now - timedelta(days=self.config.serving.event_id_days)
        young = {event_id: user for event_id, user in self.expected.items() if self.accepted[event_id] > since}
        known = [event(event_id, user) for event_id, user in young.items()][-3:]
        assert self.store.add_events(known).accepted == 0

    @rule()
    def drain(self) -> None:
        self.drained = Drain(self.workspace, self.config, self.store, self.clock).run()

    @rule()
    def drain_and_die(self) -> None:
        """After the table was written, before the store knows."""
        with mock.patch.object(Drain, "_finish", side_effect=Killed):
            with suppress(Killed):
                self.drain()

    @precondition(lambda self: self.workspace.tables.exists("events"))
    @rule(days_ago=st.integers(-1, 2))
    def release(self, days_ago: int) -> None:
        """What a run publishes, and what the keeper does before the bundle is exported."""
        as_of = self.clock.forward(minutes=1) - timedelta(days=days_ago)
        seen = self.workspace.read("events").filter(pl.col("timestamp") < as_of)
        last = seen["row"].max()
        inputs = {"events": self.workspace.tables.version("events")}
        facts = {"run": {"last_row": -1 if last is None else last}}
        manifest = Manifest(
            as_of=as_of,
            created_at=self.clock.now,
            fingerprint=str(self.clock.now),
            tables={},
            inputs=inputs,
            facts=facts,
        )
        self.current = self.workspace.releases.publish(manifest)
        self.clock.forward(minutes=1)
        self.serve()

    @precondition(lambda self: self.current is not None)
    @rule(which=st.integers(0, 5))
    def roll_back(self, which: int) -> None:
        since = self.clock.now - timedelta(days=self.config.serving.live_days)
        young = [one for one in self.workspace.releases.list() if one.created_at >= since]
        if young:
            self.current = self.workspace.releases.rollback(young[which % len(young)].release)
            self.serve()

    @rule(days=st.sampled_from([1, 20, 40]))
    def prune_later(self, days: int) -> None:
        Pruning(self.workspace, self.config, self.store).step(self.clock.forward(days=days), None)

    @rule(user=st.sampled_from(USERS))
    def erase(self, user: str) -> None:
        self.store.erase(user)
        erasures = Erasures(self.workspace, self.store, lambda _: self.root, lambda _: True, timedelta())
        erasures.step(self.clock.now)
        self.current = self.workspace.releases.current()
        self.expected = {event_id: of for event_id, of in self.expected.items() if of != user}
        self.long_lived = LiveState(self.store)
        self.serve()

    def serve(self) -> None:
        settle(self.workspace, self.store, self.clock.now)
        self.long_lived.covered_by(self.coverage())

    def coverage(self) -> Coverage:
        return Coverage() if self.current is None else Coverage.of(self.workspace, self.current)

    def released(self) -> Counter[str]:
        if self.current is None:
            return Counter()
        last = self.current.facts["run"]["last_row"]
        frame = self.workspace.read_release("events", self.current)
        frame = frame.filter(pl.col("timestamp") < self.current.as_of, pl.col("row") <= last)
        return Counter(frame["event_id"].to_list())

    @invariant()
    def each_event_counts_once(self) -> None:
        if not hasattr(self, "store"):
            return
        self.long_lived.sync()
        for state in (self.long_lived, LiveState(self.store, self.coverage())):
            live = Counter(one.event_id for user in USERS for one in state.events(user))
            assert live + self.released() == Counter(list(self.expected))
            assert all(bool(state.version(user)) == bool(state.events(user)) for user in USERS)


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


@pytest.fixture
def shop() -> Iterator[Interleavings]:
    """The same shop, for courses of events that chance seldom takes."""
    machine = Interleavings()
    machine.begin()
    yield machine
    machine.teardown()


def test_a_row_of_an_erased_user_is_not_given_again(shop: Interleavings) -> None:
    shop.add("ann", 1, 1)
    shop.add("eve", 1, 1)
    shop.drain()
    shop.release(-1)
    shop.erase("eve")
    shop.add("ann", 1, 1)
    shop.drain()
    assert shop.workspace.read("events")["row"].to_list() == [0, 2]
    shop.each_event_counts_once()


def test_what_came_in_between_a_release_and_an_erasure_stays_live(shop: Interleavings) -> None:
    shop.add("ann", 1, 1)
    shop.drain()
    shop.release(-1)
    shop.add("ann", 1, 1)
    shop.drain()
    shop.erase("eve")
    shop.each_event_counts_once()
    assert shop.released() == Counter(["e0"])


def test_what_a_release_does_not_see_yet_is_not_pruned(shop: Interleavings) -> None:
    shop.add("ann", 0, 1)
    shop.drain()
    shop.release(1)
    shop.prune_later(40)
    shop.prune_later(40)
    shop.each_event_counts_once()


def test_a_release_that_looks_back_further_keeps_what_it_does_not_see(shop: Interleavings) -> None:
    shop.add("ann", 0, 1)
    shop.drain()
    shop.prune_later(40)
    shop.release(50)
    shop.release(0)
    shop.prune_later(1)
    shop.roll_back(0)
    shop.each_event_counts_once()


def test_covered_events_go_in_the_end_and_their_ids_with_them(shop: Interleavings) -> None:
    shop.add("ann", 0, 2)
    shop.drain()
    shop.release(-1)
    shop.prune_later(40)
    assert shop.store.read("SELECT count(*) FROM events") == [(0,)]
    shop.each_event_counts_once()


def test_a_release_that_does_not_say_its_last_row_has_that_of_its_table(shop: Interleavings) -> None:
    manifest = Manifest(as_of=T, created_at=T, fingerprint="f", tables={}, inputs={})
    assert Coverage.of(shop.workspace, manifest).last_row == -1
    shop.add("ann", 0, 2)
    shop.drain()
    inputs = {"events": shop.workspace.tables.version("events")}
    assert Coverage.of(shop.workspace, manifest.model_copy(update={"inputs": inputs})).last_row == 1
