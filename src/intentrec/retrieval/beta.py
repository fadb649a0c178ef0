"""The weight of a user's vector against the tags', chosen by how much the user did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intentrec.errors import ConfigError
from intentrec.retrieval.topk import Floats


@dataclass(frozen=True)
class BetaByActivity:
    """One weight for each bucket of activity.

    Attributes:
        edges: Numbers of events at which a new bucket begins, ascending, (E,).
        values: Weight of each bucket, (E + 1,).
    """

    edges: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ConfigError(f"Activity edges {self.edges} must ascend.")
        if len(self.values) != len(self.edges) + 1:
            raise ConfigError(f"{len(self.edges)} edges make {len(self.edges) + 1} buckets, not {len(self.values)}.")

    @classmethod
    def fixed(cls, beta: float) -> "BetaByActivity":
        """The same weight for everybody."""
        return cls((), (beta,))

    def of(self, n_events: NDArray[np.integer]) -> Floats:
        """Weights of users by their numbers of events, (U,)."""
        return np.asarray(self.values)[np.searchsorted(self.edges, n_events, side="right")]


def fit_beta(
    quality: Callable[[float], Floats],
    n_events: NDArray[np.integer],
    grid: Sequence[float],
    edges: Sequence[int],
    tolerance: float = 0.0,
) -> BetaByActivity:
    """The weight of each bucket that gives its validation users the best mean quality, or nearly so.

    A log can only reward what resembles the log. So the tags may cost something: the smallest weight wins whose
    quality is at most `tolerance` below the best. A bucket without users takes the weight of all users. Without
    tolerance, where weights tie, the larger wins: then the plain list stands unless the tags earn more.

    Args:
        quality: Recall or NDCG of each validation user when all are served with this weight, (U,).
        n_events: Events of each user before the validation window, (U,).
        grid: Weights to try, from 0 to 1.
        edges: As in `BetaByActivity`.
        tolerance: Share of the best mean quality that may be given up, from 0 to 1.

    Raises:
        ConfigError: The grid is empty or the edges do not ascend.
    """
    weights = sorted(set(grid), reverse=True)
    if not weights:
        raise ConfigError("The grid of beta is empty; give at least one weight from 0 to 1.")
    table = np.stack([quality(weight) for weight in weights])  # (G, U)
    bucket = np.searchsorted(tuple(edges), n_events, side="right")
    masks = [bucket == number for number in range(len(edges) + 1)]
    best = [weights[_chosen(table[:, mask] if mask.any() else table, tolerance)] for mask in masks]
    return BetaByActivity(tuple(edges), tuple(best))


def _chosen(table: Floats, tolerance: float) -> int:
    """Row of the weight that is taken; rows are by falling weight."""
    if not table.shape[1]:
        return 0
    means = table.mean(axis=1)
    if not tolerance:
        return int(np.argmax(means))
    return int(np.flatnonzero(means >= (1 - tolerance) * means.max())[-1])
