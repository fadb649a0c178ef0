"""What happened since the release: durable before it is acknowledged, served at the next request, then drained."""

from typing import TYPE_CHECKING

from intentrec.extras import lazily
from intentrec.serving.live.coverage import Coverage, Covering
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

if TYPE_CHECKING:
    from intentrec.serving.live.keeper import Keeper

__all__ = [
    "Added",
    "Coverage",
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

__getattr__ = lazily(__name__, {"Keeper": "keeper"})
