"""What training reports, and what it holds out to judge itself by."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

LAST_K = 10
"""Length of the list in which a held-out last event is looked for, as the literature does."""


@dataclass(frozen=True)
class HeldOut:
    """What the validation part does not learn. Neither given: no validation, training lasts all its epochs.

    Attributes:
        since: Seconds; events from then on are the window that recall is measured in.
        last: The last event of each user that has another one (leave-one-out).
    """

    since: float | None = None
    last: bool = False

    def __bool__(self) -> bool:
        return self.last or self.since is not None


@dataclass(frozen=True)
class Found:
    """How well held-out events are foretold: means over users.

    Attributes:
        all: Share of targets in the list of all items that have events.
        new: Share of targets that the user had not had, in lists without what they had; NaN when there are none.
        ndcg: NDCG of `new` lists with one target; NaN for a window.
    """

    all: float
    new: float
    ndcg: float

    @property
    def score(self) -> float:
        """What training is stopped by. For a held-out last event, the seen filtered: recall and NDCG in equal parts."""
        if not math.isnan(self.ndcg):
            return (self.new + self.ndcg) / 2
        return self.all if math.isnan(self.new) else (self.all + self.new) / 2


@dataclass(frozen=True)
class SequenceEpoch:
    """What one pass came to.

    Attributes:
        part: "validation" for the run that finds when to stop, "final" for the one that learns all.
        epoch: From 1.
        loss: Mean of the loss over the steps.
        recall: On what is held out; None in the final part.
    """

    part: str
    epoch: int
    loss: float
    recall: Found | None

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it: NaN becomes null."""
        row = asdict(self)
        if self.recall is not None:
            row["recall"] = {name: None if math.isnan(value) else value for name, value in row["recall"].items()}
        return row

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """What `to_json` wrote."""
        recall = row["recall"]
        if recall is not None:
            recall = Found(**{name: float("nan") if value is None else value for name, value in recall.items()})
        return cls(row["part"], row["epoch"], row["loss"], recall)


def best_epoch(history: tuple[SequenceEpoch, ...] | list[SequenceEpoch]) -> int:
    """The epoch with the best score, from 1; the first of equals."""
    scores = [epoch.recall.score for epoch in history if epoch.recall is not None]
    return 1 + scores.index(max(scores))
