"""Reports that a server makes: at most one of an experiment a minute, however many people look."""

import threading
from datetime import datetime, timedelta

from intentrec.serving.config import ServingConfig
from intentrec.serving.experiments.analysis import Analysis, analyse
from intentrec.workspace import Workspace

FRESH = timedelta(minutes=1)


class Reports:
    """Keeps the newest report of each experiment."""

    def __init__(self, workspace: Workspace, config: ServingConfig) -> None:
        self._workspace, self._config = workspace, config
        self._kept: dict[str, tuple[datetime, Analysis]] = {}
        self._lock = threading.Lock()

    def get(self, name: str, now: datetime) -> Analysis:
        """A report that is at most a minute old. May take seconds.

        Raises:
            NotFoundError: There is no such experiment.
        """
        with self._lock:
            made, found = self._kept.get(name, (None, None))
            if found is None or made is None or not made <= now < made + FRESH:
                found = analyse(self._workspace, self._config, name, now)
                self._kept[name] = (now, found)
            return found
