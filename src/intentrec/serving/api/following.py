"""What a worker does beside answering: it warms up, and changes over to newer releases."""

import asyncio
import logging
from collections.abc import Callable

from intentrec.errors import IntentrecError
from intentrec.serving.api.desk import Desk

logger = logging.getLogger(__name__)


async def follow(desk: Desk, orphaned: Callable[[], None]) -> None:
    """Look for a newer release every `serving.poll_seconds`, until cancelled."""
    try:
        await desk.aside(desk.holder.ranking.warm)
    except IntentrecError:
        logger.exception("warming up failed; what it loads is loaded when it is needed")
    while True:
        await asyncio.sleep(desk.holder.config.serving.poll_seconds)
        orphaned()
        try:
            await desk.aside(desk.holder.poll)
        except Exception:
            logger.exception("looking for a newer release failed; it is tried again")
