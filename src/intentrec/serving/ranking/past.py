"""A history as numbers: what memory reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from intentrec.retrieval import ItemIndex
from intentrec.serving.bundle import Timeline

if TYPE_CHECKING:
    from intentrec.serving.live import LiveEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Past:
    """Events in time order.

    Attributes:
        items: Row of the item, below 0 for none, (E,).
        times: Microseconds since 1970, (E,).
    """

    items: NDArray[np.int64]
    times: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        held: Timeline,
        names: Sequence[str],
        later: Sequence["LiveEvent"],
        index: ItemIndex,
        kinds: Collection[str],
    ) -> Self:
        """Events of a release and those after it.

        Args:
            names: Names of the release's kinds by code.
            kinds: Those that count.
        """
        counted = np.array([name in kinds for name in names], dtype=np.bool_)[held.event]
        since = [event for event in later if event.event in kinds]
        rows = [int(index.places([event.item_id])[0]) if event.item_id else -1 for event in since]
        moments = [(event.timestamp - _EPOCH) // timedelta(microseconds=1) for event in since]
        items = np.concatenate([held.item[counted].astype(np.int64), np.array(rows, dtype=np.int64)])
        times = np.concatenate([held.time[counted].astype(np.int64), np.array(moments, dtype=np.int64)])
        order = np.argsort(times, kind="stable")
        return cls(items[order], times[order])
