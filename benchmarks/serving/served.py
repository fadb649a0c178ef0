"""A real server in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from benchmarks.serving.processes import command, cpu_seconds, listens, tree

_START_S = 120.0
_STOP_S = 60.0
_LOOK_S = 0.05
_QUIET_S, _QUIET_SHARE = 3.0, 0.03


@dataclass
class Served:
    """A server that runs.

    Attributes:
        process: The main process.
        log: Where its stderr goes.
        begin: Starts it at a port.
    """

    process: "subprocess.Popen[str]"
    port: int
    log: Path
    begin: Callable[[int], "subprocess.Popen[str]"]

    @property
    def url(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        """All its processes."""
        return tree(self.process.pid)

    @property
    def workers(self) -> list[int]:
        """Those that answer."""
        return [pid for pid in self.pids if pid != self.process.pid and listens(pid, self.port)]

    @property
    def keeper(self) -> int | None:
        """The keeper, or a worker that does not listen yet; None where there is none."""
        spawned = [pid for pid in self.pids if "spawn_main" in command(pid)]
        return next((pid for pid in spawned if not listens(pid, self.port)), None)

    def cpu_seconds(self) -> float:
        """Processor seconds of all its living processes."""
        return cpu_seconds(self.process.pid)

    def kill(self) -> None:
        """End all its processes at once, as a power cut does."""
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def start_again(self) -> None:
        """Start it at the same port, and wait until it answers."""
        self.process = self.begin(self.port)
        until_it_answers(self)

    def stop(self) -> int:
        """End it as an operator does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_S)


@contextmanager
def intentrec(workspace: Path, *options: str, log: Path, core: int | None = None) -> Iterator[Served]:
    """`intentrec serve` on a workspace; killed at the end if it still runs."""
    command = [sys.executable, "-m", "intentrec", "--workspace", str(workspace), "serve", *options, "--port"]
    with started(command, log, core) as served:
        yield served


@contextmanager
def started(command: Sequence[str], log: Path, core: int | None) -> Iterator[Served]:
    """A server, once it answers.

    Args:
        command: The port is added to it, 0 for a free one; the server says on stdout which one it took.
        core: Where all its processes run; None for anywhere.
    """
    begin = partial(_begun, command, log, core)
    served = Served(begin(0), 0, log, begin)
    try:
        served.port = _port(served)
        until_it_answers(served)
        yield served
    finally:
        served.kill()


def _begun(command: Sequence[str], log: Path, core: int | None, port: int) -> "subprocess.Popen[str]":
    pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with log.open("a") as errors:
        return subprocess.Popen(
            [*pinned, *command, str(port)], stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )  # fmt: skip


def until_it_answers(served: Served) -> None:
    """Wait for the first answer.

    Raises:
        RuntimeError: It ended, or does not answer in time.
    """
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and served.process.poll() is None:
        try:
            if httpx.get(f"{served.url}/health").status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(_LOOK_S)
    raise RuntimeError(f"The server does not answer; see {served.log}:\n{served.log.read_text()[-2000:]}")


def until_all_listen(served: Served, n: int) -> None:
    """Wait until `n` workers answer.

    Raises:
        RuntimeError: They do not in time.
    """
    deadline = time.monotonic() + _START_S
    while len(served.workers) < n:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(served.workers)} of {n} workers listen; see {served.log}.")
        time.sleep(_LOOK_S)


def until_quiet(served: Served) -> None:
    """Wait until a server that nobody asks has done what it does after its start."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        before = served.cpu_seconds()
        time.sleep(_QUIET_S)
        if served.cpu_seconds() - before <= _QUIET_SHARE * _QUIET_S:
            return


def _port(served: Served) -> int:
    assert served.process.stdout is not None
    for line in served.process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            return int(found[1])
    raise RuntimeError(f"The server ended before it listened; see {served.log}:\n{served.log.read_text()[-2000:]}")
