"""Trying again, later each time."""

import random
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST, _LONGEST = 0.5, 60.0  # seconds


class Later(Exception):
    """Raised by an attempt that may succeed later.

    Attributes:
        cause: What is raised when no try is left.
        after: Seconds that the server asks to wait; None if it says nothing.
    """

    def __init__(self, cause: Exception, after: float | None = None) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.after = after


def retrying(
    attempt: Callable[[], T],
    max_retries: int,
    sleep: Callable[[float], None],
    jitter: Callable[[], float] = random.random,
) -> T:
    """The result of the first attempt that succeeds, of at most `max_retries + 1`.

    Waits are exponential, with full jitter on their upper half, so that many clients do not come back at once; where
    the server names a time, that time is kept, with some jitter on top.
    """
    for n in range(max_retries):
        try:
            return attempt()
        except Later as later:
            sleep(backoff(n, later.after, jitter()))
    try:
        return attempt()
    except Later as last:
        raise last.cause from last.cause.__cause__


def backoff(n: int, after: float | None, jitter: float) -> float:
    """Seconds to wait after failure number n (from 0); jitter is in [0, 1)."""
    if after is not None:
        return min(after, _LONGEST * 10) + jitter * _FIRST
    longest = min(_FIRST * 2.0**n, _LONGEST)
    return longest / 2 + jitter * longest / 2
