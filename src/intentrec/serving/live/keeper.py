"""The one process of a host that does what workers must not wait for."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from intentrec.config import Config
from intentrec.serving.live.store import LiveStore
from intentrec.workspace import Workspace


class Keeper:
    """Exports bundles, drains, refreshes on drift, erases and prunes.

    Args:
        export: Makes the bundle of the current release and returns its folder: `export_bundle`.
        observe: Told after each duty: its name, seconds, whether it succeeded.
    """

    def __init__(
        self,
        workspace: Workspace,
        config: Config,
        store: LiveStore,
        export: Callable[[Workspace], Path],
        observe: Callable[[str, float, bool], None] = lambda duty, seconds, ok: None,
    ) -> None:
        raise NotImplementedError

    def step(self, now: datetime) -> dict[str, int]:
        """One round of every duty that is due: what was done, by name. A duty that fails is logged and tried again."""
        raise NotImplementedError

    def run(self, stop: threading.Event) -> None:
        """Round after round until `stop` is set."""
        raise NotImplementedError
