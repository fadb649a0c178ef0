"""What counts as a target, and whether lists may hold what the user knows already."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation.baselines.interactions import codes

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """One way to look at the same recommendations.

    Attributes:
        filter_viewed: Whether systems are asked to leave out what the user has an event with.
        keep: Which targets count, an expression over `touched` and `stranger`.
    """

    name: str
    meaning: str
    filter_viewed: bool
    keep: pl.Expr


VIEWS = (
    View("all", "every target, nothing filtered", False, pl.lit(True)),
    View("new", "targets without an earlier event of the user, seen items filtered", True, ~pl.col("touched")),
    View("repeat", "targets with an earlier event of the user, nothing filtered", False, pl.col("touched")),
    View("known", "as 'all', without the users who have no earlier event", False, ~pl.col("stranger")),
)


@dataclass(frozen=True)
class Targets:
    """What must be found in one view.

    Attributes:
        view: The view.
        users: Users with at least one target, ascending, (U,).
        n_targets: Their numbers of targets, those that nobody can know included, (U,).
        pairs: user code * n_items + item code of each target that can be known, ascending.
        n_unknowable: Targets whose item was not visible before the cut; they count as misses.
        n_left_out: Users with targets in the split and none in this view.
    """

    view: View
    users: pl.Series
    n_targets: Ints
    pairs: Ints
    n_unknowable: int
    n_left_out: int

    @property
    def unknowable_share(self) -> float:
        """Share of all targets that count as misses whatever a system does."""
        total = int(self.n_targets.sum())
        return self.n_unknowable / total if total else 0.0


def with_history(targets: pl.DataFrame, train: pl.DataFrame) -> pl.DataFrame:
    """Targets with `touched` (an earlier event of any kind with the item) and `stranger` (no earlier event at all)."""
    history = train.filter(pl.col("item_id").is_not_null()).select("user_id", "item_id").unique()
    known = history.select("user_id").unique()
    return (
        targets.select("user_id", "item_id")
        .join(history.with_columns(touched=pl.lit(True)), on=["user_id", "item_id"], how="left")
        .join(known.with_columns(stranger=pl.lit(False)), on="user_id", how="left")
        .with_columns(pl.col("touched").fill_null(False), pl.col("stranger").fill_null(True))
        .sort("user_id", "item_id")
    )


def targets_of(view: View, targets: pl.DataFrame, items: pl.Series) -> Targets:
    """The targets of one view, in codes.

    Args:
        view: The view.
        targets: The outcome of `with_history`.
        items: Ids of the items visible before the cut, ascending.
    """
    kept = targets.filter(view.keep)
    counted = kept.group_by("user_id").len().sort("user_id")
    users = counted["user_id"]
    item = codes(kept["item_id"], items)
    pairs = codes(kept["user_id"], users) * len(items) + item
    return Targets(
        view=view,
        users=users,
        n_targets=counted["len"].to_numpy().astype(np.int64),
        pairs=np.sort(pairs[item >= 0]),
        n_unknowable=int((item < 0).sum()),
        n_left_out=targets["user_id"].n_unique() - len(users),
    )
