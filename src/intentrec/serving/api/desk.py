"""What the routes share."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from intentrec.serving.api.arms import Arms
from intentrec.serving.holder import Holder
from intentrec.serving.operations.metrics import Metrics
from intentrec.serving.operations.traces import span
from intentrec.serving.ranking import Ranking

T = TypeVar("T")


def utc_now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Desk:
    """What routes answer from.

    Attributes:
        threads: Where work goes that would hold up other requests: ranking anew, writing.
        now: The clock by which events are too early.
    """

    holder: Holder
    threads: Executor
    metrics: Metrics
    arms: Arms
    now: Callable[[], datetime] = utc_now

    def ranking(self) -> Ranking:
        """The current release's lists; what is live counts at each call."""
        return self.holder.ranking

    async def aside(self, call: Callable[..., T], *args: object) -> T:
        """The outcome of a call that is made in a thread, with the context of this one."""
        bound = partial(copy_context().run, _traced, call, *args)
        return await asyncio.get_running_loop().run_in_executor(self.threads, bound)


def _traced(call: Callable[..., T], *args: object) -> T:
    with span(call.__name__):
        return call(*args)
