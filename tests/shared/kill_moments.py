"""A process that kills itself with signal 9 at a counted moment, as a power cut would."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any


class Moments:
    """Counts moments; at the `kill_at`-th the process is gone; 0 lives to the end."""

    def __init__(self, kill_at: int) -> None:
        self.kill_at = kill_at
        self.count = 0
        self._lock = threading.Lock()

    def moment(self) -> None:
        with self._lock:
            self.count += 1
            if self.count == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, home: Any, name: str) -> None:
        """Make the moments before and after a function's work moments to be killed at."""
        work: Callable[..., Any] = getattr(home, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.moment()
            result = work(*args, **kwargs)
            self.moment()
            return result

        setattr(home, name, counted)
