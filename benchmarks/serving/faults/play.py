"""All faults in order, then the count."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.serving.faults.acts import PATIENCE_S, Act, Stage, nothing, until, until_there_are
from benchmarks.serving.faults.clients import Client, K, World, list_path, pour, read, started, write
from benchmarks.serving.faults.disk import small_disk
from benchmarks.serving.faults.record import OK, Record
from benchmarks.serving.faults.redis import redis
from benchmarks.serving.faults.settled import wrong_events
from benchmarks.serving.faults.shop import Shop, make_shop
from benchmarks.serving.served import intentrec
from intentrec.config import load_config
from intentrec.serving.bundle import Bundle, bundle_of
from intentrec.serving.config import ServingConfig
from intentrec.serving.keys import KEYS_FILE, Keys
from intentrec.serving.live import LiveState, LiveStore
from intentrec.serving.ranking import Ask, Ranking

WORKERS = 2
SERVING = {"workers": WORKERS, "poll_seconds": 0.2, "drain_seconds": 1.0}
CLIENTS: tuple[Client, ...] = (read, read, write, write, pour)
CALM = ""
FORBIDDEN = {"a user's id": "user0", "a stranger's id": "stranger"}


@dataclass(frozen=True)
class Outcome:
    """What both sides counted.

    Attributes:
        counted: What the server's metrics say: events by outcome, requests by status.
        took: Seconds by fault.
        disk: How the disk was filled.
        stopped: Exit code of the server.
    """

    record: Record
    counted: dict[str, float]
    took: dict[str, float]
    disk: str
    stopped: int


def play(root: Path, acts: Sequence[Act], seconds: float, pause: float = 0.002, kills: int = WORKERS) -> Outcome:
    """Serve a small shop while things go wrong.

    Args:
        root: An empty folder.
        seconds: How long each fault lasts.
        kills: As of `Stage`.
        pause: Of a client after each list; without any, the clients take the processors from the server.
    """
    record = Record()
    with small_disk(root / "disk") as disk, redis(root) as share:
        serving: dict[str, Any] = dict(SERVING)
        if share is not None and "redis_url" in ServingConfig.model_fields:
            serving["redis_url"] = share.url
        shop = make_shop(disk.folder / "shop", serving, datetime.now(UTC))
        key = Keys(shop.workspace.root / KEYS_FILE).add("faults", ("read", "write", "admin"), datetime.now(UTC))
        log = root / "server.log"
        with intentrec(shop.workspace.root, log=log) as served:
            allowed = {(act.name, kind): OK | more for act in acts for kind, more in act.allowed.items()}
            expected = {name: shop.expected(name) for name in ("r0001", "r0002")}
            world = World(shop, served.port, key, record, allowed, expected, pause)
            stage = Stage(world, served, disk, share, WORKERS, seconds, kills)
            until_there_are(stage, WORKERS)
            took = _perform(stage, acts)
            record.wrong += wrong_lists(world)
            until(stage, lambda: not _waiting(shop), "not all rows were moved to the tables")
            counted = scraped(served.url, key)
            stopped = served.stop()
        record.wrong += wrong_events(shop.workspace, record) + told_in(log, key)
        if stopped:
            record.complain(f"the server ended with {stopped}")
    return Outcome(record, counted, took, disk.how, stopped)


def _perform(stage: Stage, acts: Sequence[Act]) -> dict[str, float]:
    world = stage.world
    took: dict[str, float] = {}
    threads = started(world, CLIENTS)
    try:
        for act in [one for each in acts for one in (Act(CALM, nothing), each)] + [Act(CALM, nothing)]:
            begun = time.monotonic()
            world.record.fault = act.name
            act.happens(stage)
            took[act.name] = took.get(act.name, 0.0) + time.monotonic() - begun
    finally:
        world.stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
    return took


def wrong_lists(world: World) -> list[str]:
    """Whose list is another than the one that is ranked here, from the same release and store, when nothing moves."""
    workspace = world.shop.workspace
    config, bundle = load_config(workspace.config_file), Bundle.open(bundle_of(workspace, workspace.release()))
    store = LiveStore.open(workspace.root / "live")
    connection, wrong = world.connection(), []
    try:
        ranking = Ranking(bundle, LiveState(store, bundle.meta), config)
        ranking.live.sync()
        for user in world.shop.quiet + world.shop.busy:
            reply = connection.ask("GET", list_path(user))
            if reply.status != 200 or reply.body["items"] != ranking.for_user(user, Ask(k=K)).to_list():
                wrong.append(f"when all was over, {user} got another list than the same release and store give")
    finally:
        connection.close()
        store.close()
        bundle.close()
    return wrong


def told_in(log: Path, key: str) -> list[str]:
    """Which of the things that a log must not hold are in it."""
    text = log.read_text("utf-8", "replace")
    return [f"the log holds {what}" for what, words in FORBIDDEN.items() if words in text] + (
        ["the log holds a key"] if key in text else []
    )


def scraped(url: str, key: str) -> dict[str, float]:
    """The server's own counts: events by outcome, requests by route's status."""
    text = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {key}"}).text
    counts: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in ("intentrec_events_total", "intentrec_request_seconds_count"):
                label = sample.labels.get("outcome") or sample.labels["status"]
                counts[label] = counts.get(label, 0.0) + sample.value
    return counts


def _waiting(shop: Shop) -> int:
    store = LiveStore.open(shop.workspace.root / "live")
    try:
        return store.waiting()
    finally:
        store.close()
