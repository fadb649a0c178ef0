"""`intentrec serve` as a real process on a free port of this machine."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEADLINE = 120.0
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "POLARS_MAX_THREADS": "1", "TOKENIZERS_PARALLELISM": "false",
}  # fmt: skip


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait for a condition of another process; its value."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {DEADLINE:g} s")


class RunningServer:
    """The server of a workspace; ended with `with`.

    Attributes:
        logs: Lines that it wrote to stderr.
    """

    def __init__(self, root: Path, *options: str) -> None:
        command = [sys.executable, "-m", "intentrec", "-w", str(root), "serve", "--port", "0", *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | _ENVIRONMENT,
            start_new_session=True,
        )  # fmt: skip
        self.logs: list[str] = []
        self._reader = threading.Thread(target=self._read_logs, daemon=True)
        self._reader.start()
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", told)
        assert found, (told, self.logs)
        self.port = int(found[1])
        until(lambda: self.status("/ready") == 200, "ready")

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def connection(self) -> http.client.HTTPConnection:
        """A new connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request: status and JSON."""
        connection = self.connection()
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"} if content else {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def status(self, path: str) -> int:
        """Status of a GET; 0 where nobody answers."""
        try:
            return self.ask("GET", path)[0]
        except OSError:
            return 0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the main process alone."""
        os.kill(self.process.pid, number)

    def workers(self) -> list[int]:
        """Process ids of the workers that run, as the log tells them."""
        spawned = [int(pid) for line in self.logs for pid in re.findall(r"Spawning worker-\d+ with PID: (\d+)", line)]
        return [pid for pid in spawned if alive(pid)]

    def children(self) -> list[int]:
        """Process ids of all processes that the main process started and that run."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [pid for pid in map(int, listed.split()) if alive(pid)]

    def _read_logs(self) -> None:
        assert self.process.stderr is not None
        self.logs.extend(iter(self.process.stderr.readline, ""))


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
