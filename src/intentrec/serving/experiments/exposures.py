"""The log of who was shown which arm: kept in memory for a second, then written off the request path.

A user's first exposure in an experiment on each UTC day is enough, so others are dropped. A process that is killed
loses what it has not written yet: at most `FLUSH_SECONDS` of exposures. Those users count from their next request on;
since it is lost for all arms alike, no difference comes of it.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import ValidationError

from intentrec.errors import IntentrecError
from intentrec.serving.live.models import Exposure

FLUSH_SECONDS = 1.0
_REMEMBERED = 500_000
_WAITING = 200_000
_log = logging.getLogger(__name__)


class ExposureLog:
    """Collects exposures, and hands them to the live store about once a second.

    Args:
        write: `LiveStore.add_exposures`; what it was given is on disk when it returns.
        erased: Whether a user has been erased since, e.g. `LiveState.is_erased`: such rows are not written.
    """

    def __init__(
        self, write: Callable[[Sequence[Exposure]], object], erased: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._write, self._erased = write, erased
        self._waiting: list[Exposure] = []
        self._seen: set[tuple[int, str, str]] = set()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = 0
        """Exposures that were given up: the store could not be written for long, or they are no rows of the table."""

    def add(self, experiment: str, arm: str, user_id: str, now: datetime, request_id: str, release: str) -> None:
        """Note one exposure; a second one of the same user, experiment and UTC day costs nothing."""
        key = (now.toordinal(), experiment, user_id)
        if key in self._seen:
            return
        try:
            exposure = Exposure(
                experiment=experiment, arm=arm, user_id=user_id, timestamp=now, request_id=request_id, release=release
            )
        except ValidationError:
            self.lost += 1
            return
        with self._lock:
            if len(self._waiting) >= _WAITING:
                self.lost += 1
                return
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()  # some rows will be written twice; readers take the first
            self._seen.add(key)
            self._waiting.append(exposure)

    def flush(self) -> int:
        """Write what waits, and say how many rows that was. Rows that cannot be written wait for the next time."""
        with self._flushing:
            with self._lock:
                waiting, self._waiting = self._waiting, []
            rows = [row for row in waiting if not self._erased(row.user_id)]
            if not rows:
                return 0
            try:
                self._write(rows)
            except IntentrecError as error:
                with self._lock:
                    self._waiting = rows + self._waiting
                _log.warning("Exposures wait to be written: %s", error)
                return 0
        return len(rows)

    def start(self) -> None:
        """Flush from now on, in a thread of its own."""
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
