"""How often a key may ask: a token bucket for each key and worker process."""

from collections.abc import Callable


class Rates:
    """Token buckets by name; full at first, refilled steadily.

    Args:
        per_second: Requests a second on average; 0 for no limit.
        burst: Requests at once.
        clock: Seconds, monotonic.
    """

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> float:
        """Take one request's token: 0.0, or, where there is none, the seconds until there is."""
        if not self._per_second:
            return 0.0
        now = self._clock()
        level, then = self._buckets.get(name, (float(self._burst), now))
        level = min(self._burst, level + (now - then) * self._per_second)
        if level < 1.0:
            self._buckets[name] = (level, now)
            return (1.0 - level) / self._per_second
        self._buckets[name] = (level - 1.0, now)
        return 0.0
