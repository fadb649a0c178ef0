"""Everything that goes wrong, one after the other, while clients ask and post."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from benchmarks.serving.faults.clients import World, list_path
from benchmarks.serving.faults.disk import Disk
from benchmarks.serving.faults.redis import Redis
from benchmarks.serving.served import Served
from intentrec.workspace import PATIENCE

PATIENCE_S = 60.0
IN_A_ROW = 25
"""So many answers in a row from a new release: then no worker serves the old one."""
FEWEST = 10
"""Lists that are looked at in any stretch, however busy the machine is."""
_LOOK_S = 0.2
Statuses = dict[str, frozenset[int]]


@dataclass
class Stage:
    """Where it happens.

    Attributes:
        workers: How many the server has.
        seconds: How long each fault lasts, where it does not say itself when it is over.
        kills: How many workers, and how many keepers, are killed in their turn.
    """

    world: World
    served: Served
    disk: Disk
    redis: Redis | None
    workers: int
    seconds: float
    kills: int

    def wait(self) -> None:
        """Let clients work for a while, and until some lists were looked at."""
        record = self.world.record
        enough = record.lists(record.fault) + FEWEST
        time.sleep(self.seconds)
        until(self, lambda: record.lists(record.fault) >= enough, "hardly any list was given")


@dataclass(frozen=True)
class Act:
    """One fault.

    Attributes:
        allowed: Statuses beside 200, by kind of request; 0 is a connection that was cut.
    """

    name: str
    happens: Callable[[Stage], None]
    allowed: Statuses = field(default_factory=dict)


def nothing(stage: Stage) -> None:
    """For comparison, and in between."""
    stage.wait()


def roll_back_and_forth(stage: Stage) -> None:
    """The pointer moves to the earlier release and back, twice; each time all workers follow."""
    releases = stage.world.shop.workspace.releases
    for release in ("r0001", "r0002") * 2:
        with stage.world.shop.workspace.writing(PATIENCE):
            releases.rollback(release)
        until_served(stage, release)


def publish(stage: Stage) -> None:
    """A daily run, in a process of its own, with all that came in; then all workers follow."""
    workspace = stage.world.shop.workspace
    command = [sys.executable, "-m", "intentrec", "--workspace", str(workspace.root), "run"]
    done = subprocess.run(["nice", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        stage.world.record.complain(f"the daily run failed: {done.stderr[-300:]}")
        return
    until_served(stage, workspace.release().release)


def until_served(stage: Stage, release: str) -> None:
    """Wait until no worker answers from another release."""
    world, connection, seen = stage.world, stage.world.connection(), 0
    deadline = time.monotonic() + PATIENCE_S
    while seen < IN_A_ROW and time.monotonic() < deadline:
        connection.close()  # the next one may meet another worker
        reply = world.ask(connection, "list", "GET", list_path(world.shop.quiet[0]))
        seen = seen + 1 if reply.status == 200 and reply.body["release"] == release else 0
        if not seen:
            time.sleep(_LOOK_S)
    connection.close()
    if seen < IN_A_ROW:
        world.record.complain(f"{release} was not served by all workers within {PATIENCE_S:.0f} s")


def kill_workers(stage: Stage) -> None:
    """One worker after the other; the next one when there are as many as before."""
    for pid in stage.served.workers[: stage.kills]:
        os.kill(pid, signal.SIGKILL)
        until(stage, partial(_replaced, stage, pid), "a worker was not started again")


def until_there_are(stage: Stage, n: int) -> None:
    """Wait for as many workers."""
    until(stage, lambda: len(stage.served.workers) == n, f"there were not {n} workers")


def kill_keeper(stage: Stage) -> None:
    """Each time in the midst of whatever it does."""
    for _ in range(stage.kills):
        keeper = stage.served.keeper
        if keeper is None:
            stage.world.record.complain("there was no keeper to kill")
            return
        os.kill(keeper, signal.SIGKILL)
        gone = (None, keeper)
        until(stage, partial(_another, stage, gone), "the keeper was not started again")
        stage.wait()


def _replaced(stage: Stage, pid: int) -> bool:
    workers = stage.served.workers
    return pid not in workers and len(workers) == stage.workers


def _another(stage: Stage, gone: tuple[int | None, ...]) -> bool:
    return stage.served.keeper not in gone


def cut_power(stage: Stage) -> None:
    """All processes end in the same moment, and the server is started again."""
    stage.served.kill()
    stage.served.start_again()
    until_there_are(stage, stage.workers)
    stage.wait()


def pour(stage: Stage) -> None:
    """Events in batches of hundreds, as fast as they are taken."""
    stage.world.flood.set()
    stage.wait()
    stage.world.flood.clear()


def lose_redis(stage: Stage) -> None:
    """Redis is killed, and comes back empty."""
    if stage.redis is not None:
        stage.redis.kill()
        stage.wait()
        stage.redis.start()
    stage.wait()


def fill_disk(stage: Stage) -> None:
    """No space is left, events come in masses, so that files have to grow, and a worker is killed meanwhile."""
    stage.disk.fill(stage.served.pids)
    stage.world.flood.set()
    stage.wait()
    pid = stage.served.workers[0]
    os.kill(pid, signal.SIGKILL)
    until(stage, partial(_replaced, stage, pid), "a worker was not started again on a full disk")
    stage.wait()
    stage.world.flood.clear()
    stage.disk.free(stage.served.pids)


def until(stage: Stage, holds: Callable[[], bool], complaint: str) -> None:
    """Wait for something that has to come about."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            stage.world.record.complain(f"{complaint} within {PATIENCE_S:.0f} s")
            return
        time.sleep(_LOOK_S)


CUT: Statuses = {"list": frozenset({0}), "events": frozenset({0})}
FULL: Statuses = {"list": frozenset({0}), "events": frozenset({0, 503})}
PUBLISH = Act("a daily run publishes", publish)
ACTS = (
    Act("a release is rolled back and forth", roll_back_and_forth),
    Act("workers are killed", kill_workers, CUT),
    Act("the keeper is killed", kill_keeper),
    Act("all processes are killed", cut_power, CUT),
    Act("a flood of events", pour),
    Act("Redis goes away", lose_redis),
    Act("the disk is full", fill_disk, FULL),
)
