"""`intentrec serve`: one main process that starts workers and a keeper, and starts them again when they die.

    main      keeps the port, makes the bundle where there is none, passes signals on; answers nothing itself
    workers   granian's processes, one application each; what one of them maps, all of them share
    keeper    drains, refreshes, erases, makes bundles of new releases

Processes are spawned, not forked: a fork of a process in which polars or torch have threads can hang.
"""

import multiprocessing
import os
from dataclasses import dataclass
from functools import partial

from intentrec.config import Config
from intentrec.progress import SILENT, Progress
from intentrec.serving.keeping import KeeperProcess
from intentrec.serving.keys import KEYS_FILE, LIVE_FOLDER, Keys
from intentrec.serving.listening import Listening, listen
from intentrec.workspace import Workspace

HEADER_MILLISECONDS = 15_000
"""How long a client may take for the head of a request; idle connections are closed after as long."""
HEAD_BYTES = 65_536
FINISH_SECONDS = 30
"""How long a worker may take to finish what it answers when it has to stop."""


@dataclass(frozen=True)
class Ready:
    """What can be served.

    Attributes:
        listening: The address, kept for this server.
        release: Name of the release whose bundle is there.
        keys: How many keys there are; without any, only this machine is answered.
    """

    workspace: Workspace
    config: Config
    listening: Listening
    release: str
    keys: int


def prepare(workspace: Workspace, config: Config, *, progress: Progress = SILENT) -> Ready:
    """Keep the address and make the bundle where there is none: what fails, fails before there are processes.

    Args:
        config: Its `serving` section says where and how.

    Raises:
        ConfigError: Others could ask without a key, or the port is taken.
        NotFoundError: Nothing is published.
        WorkspaceError: The bundle cannot be made, or the live store cannot be opened.
        MissingExtra: A package is not installed.
    """
    from intentrec.serving.live import LiveStore

    keys = len(Keys(workspace.root / KEYS_FILE))
    listening = listen(config.serving.host, config.serving.port, keys=keys)
    try:
        release = _bundled(workspace, progress)
        LiveStore.open(workspace.root / LIVE_FOLDER).close()
    except BaseException:
        listening.reservation.close()
        raise
    return Ready(workspace, config, listening, release, keys)


def serve(ready: Ready) -> None:
    """Serve until SIGTERM or SIGINT, and finish what is being answered. Blocks.

    Raises:
        SystemExit: Workers died again and again.
    """
    try:
        _run(ready)
    finally:
        ready.listening.reservation.close()


def _bundled(workspace: Workspace, progress: Progress) -> str:
    from intentrec.serving.bundle import Bundle, export_bundle

    bundle = Bundle.open(export_bundle(workspace, progress=progress))
    bundle.close()
    return bundle.meta.release


def _run(ready: Ready) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    from intentrec.serving.operations import logs, shared
    from intentrec.serving.worker import load

    root, serving, listening = ready.workspace.root, ready.config.serving, ready.listening
    multiprocessing.set_start_method("spawn", force=True)
    shared.begin(root / "metrics")
    server = Granian(
        "intentrec",
        address=listening.address,
        port=listening.port,
        interface=Interfaces.ASGI,
        workers=serving.workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=HEAD_BYTES),
        websockets=False,
        log_level=LogLevels(serving.log_level),
        log_dictconfig=logs.settings(serving.log_level),
        respawn_failed_workers=True,
        workers_kill_timeout=FINISH_SECONDS,
    )
    keeper = KeeperProcess(root)
    server.on_startup(keeper.start)
    server.on_shutdown(keeper.stop)
    server.serve(target_loader=partial(load, root, listening.is_local, os.getpid()), wrap_loader=False)
