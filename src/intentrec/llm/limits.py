"""How fast a server may be asked: requests and tokens a minute, and a pause for all when it says so."""

import threading
from collections import deque
from collections.abc import Callable

MINUTE = 60.0


class RateLimiter:
    """Lets calls through so that no window of 60 seconds holds more than the limits.

    Shared by the threads that ask. Clock and sleep come in from outside; both are in seconds.
    """

    def __init__(self, rpm: int, tpm: int, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """0 means no limit."""
        self._rpm, self._tpm = rpm, tpm
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._sent: deque[tuple[float, int]] = deque()  # (when, tokens) of the last minute
        self._not_before = float("-inf")

    def acquire(self, tokens: int) -> None:
        """Wait until a call of so many tokens may be sent, and count it.

        A call that alone is over the token limit is sent when the last minute holds no other.
        """
        while (wait := self._take(tokens)) > 0:
            self._sleep(wait)

    def hold(self, seconds: float) -> None:
        """Let nothing through for a while: the server said that it has had enough."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def _take(self, tokens: int) -> float:
        with self._lock:
            now = self._clock()
            while self._sent and self._sent[0][0] <= now - MINUTE:
                self._sent.popleft()
            wait = max(self._not_before - now, self._wait_for_room(now, tokens))
            if wait <= 0 and (self._rpm or self._tpm):
                self._sent.append((now, tokens))
            return wait

    def _wait_for_room(self, now: float, tokens: int) -> float:
        calls, total = len(self._sent), sum(spent for _, spent in self._sent) if self._tpm else 0
        wait = 0.0
        for when, spent in self._sent:
            crowded = (self._rpm and calls >= self._rpm) or (self._tpm and total + tokens > self._tpm)
            if not crowded:
                break
            # The oldest calls leave the window first; wait for as many of them as it takes.
            calls, total, wait = calls - 1, total - spent, when + MINUTE - now
        return wait
