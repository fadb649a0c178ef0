"""What commands do with the live store of a workspace, whether a server runs or not."""

import os
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

from intentrec.config import Config
from intentrec.serving.live.database import FILE, FOLDER, take_watch
from intentrec.serving.live.drain import Drain
from intentrec.serving.live.erasures import Erasures, Export
from intentrec.serving.live.store import LiveStore
from intentrec.workspace import PATIENCE, Workspace


def drain_workspace(workspace: Workspace, config: Config, clock: Callable[[], datetime]) -> dict[str, int]:
    """Move what waits to the tables, where there is a live store: what a run does first, so that it sees everything.

    Raises:
        WorkspaceBusy: Another run holds the workspace.
    """
    if not (workspace.root / FOLDER / FILE).exists():
        return {}
    with closing(LiveStore.open(workspace.root / FOLDER, clock=clock)) as store:
        return Drain(workspace, config, store, clock, PATIENCE).run()


def erase_served(
    workspace: Workspace, config: Config, user_id: str, clock: Callable[[], datetime], export: Export
) -> str | None:
    """Erase a user from bundles and live store, too, where there are any.

    Returns:
        The receipt of what a keeper finishes: that of a running server, or the next one where other hosts must be
        told. None where nothing is left to do.
    """
    if not any((workspace.root / name).exists() for name in (FOLDER, "bundles")):
        return None
    with closing(LiveStore.open(workspace.root / FOLDER, clock=clock)) as store:
        receipt = store.erase(user_id)
        watch = take_watch(store.file.parent)
        if watch is None:
            return receipt
        alone = not config.serving.redis_url
        try:  # no server runs, so that nobody needs time to let go
            Erasures(workspace, store, export, lambda _: alone, timedelta()).step(clock())
        finally:
            os.close(watch)
    return None if alone else receipt
