"""The keeper's process: started by the main process, and again whenever it dies."""

import logging
import multiprocessing
import os
import signal
import threading
from functools import partial
from pathlib import Path
from time import monotonic

from intentrec.config import load_config
from intentrec.serving.keys import LIVE_FOLDER
from intentrec.serving.operations import logs, traces
from intentrec.serving.operations.metrics import metrics
from intentrec.workspace import Workspace

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
_LONG_LIFE = 60.0
_GRACE = 30.0
_LOOK = 1.0
logger = logging.getLogger(__name__)


def keep(root: Path, parent: int) -> None:
    """Run the keeper of a workspace until a signal, or until its parent process is gone."""
    from intentrec.serving.bundle import export_bundle
    from intentrec.serving.live import Keeper, LiveStore

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    # Ctrl-C reaches every process of the terminal; when the keeper ends is for the main process to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent, stop), daemon=True).start()
    workspace = Workspace(root)
    config = load_config(workspace.config_file)
    begin_operations(config.serving.log_level, config.serving.otlp_endpoint, config.serving.trace_share, "keeper")
    store, told = LiveStore.open(workspace.root / LIVE_FOLDER), metrics()
    try:
        Keeper(workspace, config, store, export_bundle, told.keeper, told.pending, told.redis).run(stop)
    finally:
        store.close()
        traces.end()


def begin_operations(log_level: str, otlp_endpoint: str, trace_share: float, role: str) -> None:
    """Logs, traces and metrics of a process of the server."""
    logs.begin(log_level)
    if otlp_endpoint:
        traces.begin(otlp_endpoint, role, trace_share)
    metrics().process(role)


class KeeperProcess:
    """Starts the keeper and sees to it that there is one.

    Args:
        pause: Seconds before a keeper that died soon is started again; they double each time, up to a minute.
    """

    def __init__(self, root: Path, pause: float = FIRST_PAUSE) -> None:
        self._first_pause, self._stop = pause, threading.Event()
        self._new = partial(multiprocessing.get_context("spawn").Process, target=keep, args=(root, os.getpid()))
        self._process = self._new()
        self._thread = threading.Thread(target=self._supervise, name="keeper")

    @property
    def pid(self) -> int | None:
        """Process id of the keeper that runs now, or ran last."""
        return self._process.pid

    def start(self) -> None:
        """Start it."""
        self._process.start()
        self._thread.start()

    def stop(self) -> None:
        """Let it finish what it does, for half a minute at most."""
        self._stop.set()
        self._process.terminate()
        self._process.join(_GRACE)
        if self._process.is_alive():
            self._process.kill()
        self._thread.join()

    def _supervise(self) -> None:
        pause = self._first_pause
        while True:
            begun = monotonic()
            self._process.join()
            if self._stop.is_set():
                return
            logger.error("the keeper died and is started again", extra={"duty": "keeper"})
            pause = self._first_pause if monotonic() - begun > _LONG_LIFE else min(2 * pause, LONGEST_PAUSE)
            if self._stop.wait(pause):
                return
            self._process = self._new()
            self._process.start()


def _watch(parent: int, stop: threading.Event) -> None:
    while not stop.wait(_LOOK):
        if os.getppid() != parent:
            stop.set()
