"""The log of who was shown which arm: kept in memory for a second, then written off the request path.

A user's first exposure in an experiment and every day's first one are enough, so others are dropped. A process that is
killed loses what it has not written yet: at most `FLUSH_SECONDS` of exposures. Those users are counted from their next
request on; since it is lost for all arms alike, no difference comes of it.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from intentrec.errors import IntentrecError

FLUSH_SECONDS = 1.0
_REMEMBERED = 500_000
_WAITING = 200_000
_log = logging.getLogger(__name__)

Row = dict[str, Any]
"""A row of the table `exposures`."""


class ExposureLog:
    """Collects exposures, and hands them to the live store about once a second.

    Args:
        write: `LiveStore.add_exposures`; durable when it returns.
        erased: Whether a user has been erased since, e.g. `LiveState.is_erased`: such rows are not written.
    """

    def __init__(
        self, write: Callable[[Sequence[Row]], object], erased: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._write, self._erased = write, erased
        self._waiting: list[Row] = []
        self._seen: set[tuple[int, str, str]] = set()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = 0
        """Exposures that were given up because the store could not be written for long."""

    def add(self, experiment: str, arm: str, user_id: str, now: datetime, request_id: str | None, release: str) -> None:
        """Note one exposure; a second one of the same user, experiment and UTC day costs nothing."""
        key = (now.toordinal(), experiment, user_id)
        if key in self._seen:
            return
        row = {
            "experiment": experiment, "arm": arm, "user_id": user_id, "timestamp": now, "request_id": request_id,
            "release": release,
        }  # fmt: skip
        with self._lock:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()  # some rows will be written twice; readers take the first
            self._seen.add(key)
            self._waiting.append(row)

    def flush(self) -> int:
        """Write what waits, and say how many rows that was. Rows that cannot be written wait for the next time."""
        with self._flushing:
            with self._lock:
                rows, self._waiting = self._waiting, []
            rows = [row for row in rows if not self._erased(row["user_id"])]
            if not rows:
                return 0
            try:
                self._write(rows)
            except IntentrecError as error:
                self._put_back(rows)
                _log.warning("exposures wait to be written: %s", error)
                return 0
        return len(rows)

    def _put_back(self, rows: list[Row]) -> None:
        with self._lock:
            waiting = rows + self._waiting
            self.lost += max(0, len(waiting) - _WAITING)
            self._waiting = waiting[:_WAITING]

    def start(self) -> None:
        """Flush from now on in a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="exposures", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop the thread and write what is left."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self.flush()
