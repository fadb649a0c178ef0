"""A real Redis on loopback, which tests stop and start again."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SERVER = shutil.which("redis-server") or "/usr/bin/redis-server"


def need_redis() -> None:
    """Skip where there is no server; in CI that is a failure."""
    if not Path(SERVER).exists():
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is missing; install it with: apt-get install redis-server")
        pytest.skip("redis-server is not installed")


def wait_for(claim: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Look until something is true that a real process does in its own time."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.01)


class RedisServer:
    """Its data lives in memory only: a restart loses everything, unless it is saved before."""

    def __init__(self, folder: Path) -> None:
        need_redis()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([SERVER, *options, "--dir", str(self._folder)], stdout=subprocess.DEVNULL)
        wait_for(self.answers, "Redis to answer")

    def answers(self) -> bool:
        """Whether it does."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
                link.sendall(b"PING\r\n")
                return link.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def save(self) -> None:
        """Keep what it holds for the next start."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(b"SAVE\r\n")
            assert link.recv(16).startswith(b"+OK")

    def stop(self) -> None:
        """Kill it; nothing is saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
