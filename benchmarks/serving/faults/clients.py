"""Clients that ask and post without a pause, each in a thread of its own."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import numpy as np

from benchmarks.serving.faults.asking import Connection, Reply
from benchmarks.serving.faults.checks import wrong_list
from benchmarks.serving.faults.record import Allowed, Record, Sent
from benchmarks.serving.faults.shop import Listed, Shop

K = 8
MOST_HAD = 12
"""So many different items the events of one user are about, so that lists never run dry."""
FLOOD_BATCH = 500
TRIES = 100
PAUSE_S = 0.1


@dataclass
class World:
    """What all clients share.

    Attributes:
        expected: Release -> user -> its stored list; grows when a release is published.
        pause: Seconds after each list that a client has looked at.
        flood: Set while events come in masses.
    """

    shop: Shop
    port: int
    key: str
    record: Record
    allowed: Allowed
    expected: dict[str, dict[str, Listed]]
    pause: float
    stop: threading.Event = field(default_factory=threading.Event)
    flood: threading.Event = field(default_factory=threading.Event)
    _learning: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, release: str) -> None:
        """Read what a release stores, when it is seen for the first time."""
        with self._learning:
            if release not in self.expected and self.shop.publishes(release):
                self.expected[release] = self.shop.expected(release)

    def connection(self) -> Connection:
        """A new one."""
        return Connection(self.port, self.key)

    def ask(self, connection: Connection, kind: str, method: str, path: str, body: object = None) -> Reply:
        """One request, counted."""
        begun = self.record.fault
        reply = connection.ask(method, path, body)
        self.record.count(kind, reply.status, {begun, self.record.fault}, self.allowed)
        return reply


def read(world: World, seed: int) -> None:
    """Ask for lists of users drawn at random, and look at each answer, until told to stop."""
    rng, users = np.random.default_rng(seed), world.shop.quiet + world.shop.busy
    with world.connection() as connection:
        while not world.stop.is_set():
            look_at(world, connection, users[int(rng.integers(len(users)))])
            world.stop.wait(world.pause)


def look_at(world: World, connection: Connection, user: str) -> None:
    """Ask for one list, and say what is wrong with it."""
    had = world.record.had(user)
    reply = world.ask(connection, "list", "GET", list_path(user))
    if reply.status == 0:
        world.stop.wait(PAUSE_S)
    if reply.status == 200:
        world.record.listed(reply.body["release"], reply.body["source"])
        world.learn(reply.body["release"])
        if fault := wrong_list(reply.body, user, K, world.expected, frozenset(world.shop.items), had):
            world.record.complain(fault)


def list_path(user: str) -> str:
    """Where a user's list is."""
    return f"/v1/users/{quote(user, safe='')}/recommendations?k={K}"


def write(world: World, seed: int) -> None:
    """Send events of busy users, each batch until it is acknowledged, and every tenth once more."""
    rng = np.random.default_rng(seed)
    with world.connection() as connection:
        while not world.stop.is_set():
            batch = made_batch(world.shop, rng, int(rng.integers(1, 6)))
            if deliver(world, connection, batch) and rng.random() < 0.1:
                repeat(world, connection, batch)
            world.stop.wait(PAUSE_S)


def pour(world: World, seed: int) -> None:
    """Send large batches of strangers without a pause while there is a flood."""
    rng = np.random.default_rng(seed)
    with world.connection() as connection:
        while not world.stop.is_set():
            if world.flood.wait(PAUSE_S):
                deliver(world, connection, made_batch(world.shop, rng, FLOOD_BATCH, strangers=True))


def made_batch(shop: Shop, rng: np.random.Generator, size: int, *, strangers: bool = False) -> dict[str, Sent]:
    """Events of now by id; no two are of the same microsecond and user."""
    now, made = datetime.now(UTC), {}
    for n in range(size):
        busy = int(rng.integers(len(shop.busy)))
        user = f"stranger{int(rng.integers(5000)):04d}" if strangers else shop.busy[busy]
        item = shop.items[(busy * 7 + int(rng.integers(MOST_HAD)) * 5) % len(shop.items)]
        made[uuid4().hex] = (user, item, (now + timedelta(microseconds=n)).isoformat())
    return made


def deliver(world: World, connection: Connection, batch: dict[str, Sent]) -> bool:
    """Send a batch until it is acknowledged; False where that did not come about."""
    world.record.send(batch)
    for _ in range(TRIES):
        reply = world.ask(connection, "events", "POST", "/v1/events", as_body(batch))
        if reply.status == 200:
            if reply.body["accepted"] + reply.body["duplicates"] != len(batch):
                world.record.complain(f"{len(batch)} events were acknowledged as {reply.body}")
            world.record.acknowledge(batch)
            return True
        if world.stop.is_set():
            return False
        world.stop.wait(PAUSE_S)
    return False


def repeat(world: World, connection: Connection, batch: dict[str, Sent]) -> None:
    """Send a batch again that was acknowledged."""
    reply = world.ask(connection, "events", "POST", "/v1/events", as_body(batch))
    if reply.status == 200:
        world.record.repeat(len(batch), reply.body["duplicates"])


def as_body(batch: dict[str, Sent]) -> dict[str, Any]:
    """What is posted."""
    events = [
        {"event_id": name, "user_id": user, "timestamp": moment, "event": "purchase", "item_id": item}
        for name, (user, item, moment) in batch.items()
    ]
    return {"events": events}


Client = Callable[[World, int], None]


def started(world: World, clients: Sequence[Client]) -> list[threading.Thread]:
    """All of them, each in a thread."""
    threads = [threading.Thread(target=client, args=(world, seed)) for seed, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    return threads
