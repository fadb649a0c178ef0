"""Several hosts know what came in at any of them, whatever Redis does."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from intentrec.config import Config
from intentrec.serving.live import Exposure, InterestEdit, Label, LiveItem, LiveState, LiveStore
from intentrec.serving.live.redis import RedisShare
from redis_world import RedisServer, wait_for
from store_world import Clock, T, event, open_store


@dataclass
class Host:
    """One host: its store and its part in the stream."""

    store: LiveStore
    share: RedisShare
    told: list[bool]

    def sync(self) -> None:
        """Everything out, then everything in."""
        while self.share.publish():
            pass
        while self.share.receive():
            pass

    def events(self, user: str = "ann") -> list[str]:
        return [one.event_id for one in LiveState(self.store).events(user)]


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    """Running and empty."""
    if not shared_server.answers():
        shared_server.start()
    with redis.Redis.from_url(shared_server.url) as client:
        client.flushall()
    return shared_server


@pytest.fixture
def host(server: RedisServer, tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def join(name: str, **settings: object) -> Host:
        config = Config.model_validate({"serving": {"redis_url": server.url, **settings}})
        store, told = open_store(tmp_path / name, clock), list[bool]()
        hosts.append(Host(store, RedisShare(store, config, told.append), told))
        return hosts[-1]

    yield join
    for one in hosts:
        one.share.stop()
        one.store.close()


def entries(server: RedisServer) -> list[dict[bytes, bytes]]:
    with redis.Redis.from_url(server.url) as client:
        return [fields for _, fields in client.xrange("intentrec")]


def test_what_comes_in_at_one_host_is_live_at_the_other_and_comes_back_to_none(host: Callable[..., Host]) -> None:
    here, there = host("a"), host("b")
    here.store.add_events([event("1"), event("2", item_id=None, query="Öl\n")])
    there.store.add_events([event("3")])
    here.store.put_items([LiveItem(item_id="i", title="TEA", colour="green")])
    here.store.edit_interest(InterestEdit(user_id="ann", action="add", text="chess", at=T))
    for one in (here, there, here):
        one.sync()
    assert sorted(here.events()) == sorted(there.events()) == ["1", "2", "3"]
    assert [one.query for one in LiveState(there.store).events("ann") if one.event_id == "2"] == ["Öl\n"]
    assert LiveState(there.store).items == LiveState(here.store).items
    assert [edit.text for edit in LiveState(there.store).edits("ann")] == ["chess"]
    assert (here.share.publish(), there.share.publish(), here.share.receive(), there.share.receive()) == (0, 0, 0, 0)
    assert here.store.read("SELECT event_id FROM events WHERE foreign_ ") == [("3",)]


def test_an_event_that_was_sent_to_both_hosts_is_one_event(host: Callable[..., Host]) -> None:
    here, there = host("a"), host("b")
    for one in (here, there):
        one.store.add_events([event("same")])
    for one in (here, there, here):
        one.sync()
    assert (here.events(), there.events()) == (["same"], ["same"])


def test_the_later_of_two_hosts_wishes_stands(host: Callable[..., Host], clock: Clock) -> None:
    here, there = host("a"), host("b")
    there.store.put_items([LiveItem(item_id="i", title="first")])
    clock.forward(minutes=1)
    here.store.put_items([LiveItem(item_id="i", title="second")])
    for one in (here, there, here):
        one.sync()
    titles = [LiveState(one.store).items["i"].title for one in (here, there)]
    assert titles == ["second", "second"]
    here.store.edit_interest(InterestEdit(user_id="ann", action="add", text="chess", interest_id="x", at=T))
    here.sync()
    there.sync()
    there.store.take_back_edit("ann", "x")
    there.sync()
    here.sync()
    assert LiveState(here.store).edits("ann") == []


@pytest.mark.parametrize("saved", [False, True])
def test_redis_may_go_away_and_nothing_is_lost_or_taken_twice(
    host: Callable[..., Host], server: RedisServer, saved: bool, caplog: pytest.LogCaptureFixture
) -> None:
    here, there = host("a"), host("b")
    with caplog.at_level(logging.INFO, "intentrec"):
        for one in (here, there):
            one.share.start()
        here.store.add_events([event("1")])
        wait_for(lambda: there.events() == ["1"], "the first event")
        if saved:
            server.save()
        here.store.add_events([event("2", "bob")])
        wait_for(lambda: there.events("bob") == ["2"], "an event after the save")
        server.stop()
        wait_for(lambda: here.told[-1:] == there.told[-1:] == [False], "both to notice")
        here.store.add_events([event("3")])
        there.store.add_events([event("4")])
        assert here.events() == ["1", "3"]
        late = host("late")
        server.start()
        late.share.start()
        wait_for(lambda: all(sorted(one.events()) == ["1", "3", "4"] for one in (here, there, late)), "all to catch up")
        wait_for(lambda: late.events("bob") == ["2"], "what Redis had lost")
    warned = [record for record in caplog.records if "Redis does not answer" in record.getMessage()]
    assert len(warned) == 2  # one a host
    assert all(one.store.read("SELECT count(*) FROM events") == [(4,)] for one in (here, there, late))
    wait_for(lambda: here.told == [True, False, True], "it to be told")


def test_an_erased_user_leaves_the_stream_when_every_host_has_read_of_it(
    host: Callable[..., Host], server: RedisServer, clock: Clock
) -> None:
    here, there = host("a"), host("b")
    here.store.add_events([event("1"), event("other", "bob")])
    there.store.add_events([event("2")])
    for one in (here, there, here):
        one.sync()
    clock.forward(minutes=1)
    receipt = here.store.erase("ann")
    assert not here.share.forget("ann")  # the other host has not read it yet
    assert [fields[b"k"] for fields in entries(server) if fields[b"u"] == b"ann"] == [b"erase"]
    there.sync()
    assert (there.events(), there.store.erasure(receipt).state) == ([], "waiting")
    assert there.share.forget("ann")
    here.sync()
    assert here.share.forget("ann")
    assert [fields[b"u"] for fields in entries(server)] == [b"bob"]
    clock.forward(minutes=1)
    there.store.add_events([event("back")])
    there.sync()
    here.sync()
    assert here.events() == ["back"]


def test_events_of_an_erased_user_that_come_late_are_not_kept(host: Callable[..., Host], clock: Clock) -> None:
    here, there = host("a"), host("b")
    there.store.add_events([event("late")])
    clock.forward(minutes=1)
    here.store.erase("ann")
    here.sync()
    there.share.publish()
    here.sync()
    assert here.events() == []
    there.sync()
    assert there.events() == []
    assert LiveState(there.store).is_erased("ann")


def test_a_host_that_is_gone_for_good_is_not_waited_for(host: Callable[..., Host], clock: Clock) -> None:
    here, gone = host("a"), host("b")
    here.sync()
    gone.sync()
    clock.forward(days=31)
    here.store.erase("ann")
    here.share.publish()
    here.sync()
    assert here.share.forget("ann")


def test_without_redis_an_erasure_is_not_done_yet(
    host: Callable[..., Host], server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    here = host("a")
    here.store.erase("ann")
    server.stop()
    assert not here.share.forget("ann")
    assert here.told == [False]


def test_a_short_stream_is_fed_no_more_than_it_holds(host: Callable[..., Host], server: RedisServer) -> None:
    here = host("a", redis_length=1000)
    here.store.add_events([event(str(n)) for n in range(1500)])
    here.sync()
    assert len(entries(server)) == 1000


def test_a_store_that_cannot_be_written_is_said_and_tried_again(
    host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    here, there = host("a"), host("b")
    there.store.add_events([event("1")])
    there.sync()
    here.store.close()
    with caplog.at_level(logging.ERROR):
        here.share.start()
        wait_for(lambda: "live rows are not shared for now" in caplog.text, "the fault to be said")


def test_what_a_newer_server_publishes_is_passed_over(host: Callable[..., Host], server: RedisServer) -> None:
    here = host("a")
    with redis.Redis.from_url(server.url) as client:
        client.xadd("intentrec", {"h": "newer", "k": "dream", "u": "ann", "a": "1", "b": "{}"})
    assert (here.share.receive(), here.share.receive(), here.events()) == (1, 0, [])


def test_one_host_writes_the_tables_of_all(host: Callable[..., Host], clock: Clock) -> None:
    home, other = host("home", redis_drain="all"), host("other", redis_drain="none")
    label = Label(task="t", subject="s", criterion="c", verdict="v", rater="r", at=T)
    other.store.add_labels([label])
    other.store.add_exposures([Exposure(experiment="e", arm="a", user_id="ann", timestamp=T, release="r1")])
    home.store.add_labels([label.model_copy(update={"label_id": "own"})])
    other.sync()
    home.sync()
    other.sync()
    assert sorted(one.label_id for one in home.store.labels()) == sorted([label.label_id, "own"])
    assert [shown.user_id for shown in home.store.exposures()] == ["ann"]
    assert [one.label_id for one in other.store.labels()] == [label.label_id]
    published = int(other.store.fact("published"))
    assert other.store.waiting(foreign=False, after=published) == 0
