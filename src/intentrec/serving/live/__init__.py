"""What happened since the release: durable before it is acknowledged, served at the next request, then drained."""

from intentrec.serving.live.coverage import Covering
from intentrec.serving.live.keeper import Keeper
from intentrec.serving.live.models import (
    Added,
    ErasureStatus,
    Exposure,
    InterestEdit,
    Label,
    LiveEvent,
    LiveItem,
    Refreshed,
)
from intentrec.serving.live.state import LiveState
from intentrec.serving.live.store import LiveStore

__all__ = [
    "Added",
    "Covering",
    "ErasureStatus",
    "Exposure",
    "InterestEdit",
    "Keeper",
    "Label",
    "LiveEvent",
    "LiveItem",
    "LiveState",
    "LiveStore",
    "Refreshed",
]
