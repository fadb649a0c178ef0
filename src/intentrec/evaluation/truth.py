"""What is the same for all systems in one view: targets, their groups, whose they are, what a perfect list gains."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation import metrics
from intentrec.evaluation.baselines.interactions import codes
from intentrec.evaluation.items import GROUPS, Items
from intentrec.evaluation.views import Targets

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Values = NDArray[np.float64]

NEW = GROUPS.index("new")


@dataclass(frozen=True)
class Truth:
    """One view's ground.

    Those who are asked for are users, or users at moments (`asked`); values of the moments of one user are averaged, so
    that every user counts the same and can be drawn as a whole.

    Attributes:
        targets: Of those who are asked for, A of them.
        rows: Their places among all who are asked for in any view, (A,).
        users: The users they stand for, ascending, (U,).
        owners: Place in `users` of each, (A,).
        askers: Place in `rows` of each target that can be known, (T,).
        items: Its item, (T,).
        weights: What finding it gains in debiased NDCG, (T,).
        of_group: Targets of each group of items (`items.GROUPS`), (4, A); those that nobody can know are new.
        ideal: Length -> the mean ideal gain by which debiased NDCG is normalised.
    """

    targets: Targets
    rows: Ints
    users: pl.Series
    owners: Ints
    askers: Ints
    items: Ints
    weights: Values
    of_group: Ints
    ideal: dict[int, float]

    @classmethod
    def of(cls, targets: Targets, owners: pl.DataFrame, items: Items, ks: Sequence[int], gamma: float) -> "Truth":
        """The ground of one view.

        Args:
            targets: Of the view.
            owners: Whom systems are asked for, and whom each stands for (`Asked.owners`).
            items: The visible items.
            ks: Lengths of lists.
            gamma: Exponent of the propensity.
        """
        rows = codes(targets.users, owners["user_id"])
        names = owners["owner"].gather(rows)
        users = names.unique().sort()
        own = codes(names, users)
        row, item = np.divmod(targets.pairs, max(1, len(items.ids)))
        weight = items.inverse_propensity(gamma)
        of_group = _groups(row, items.groups[item], targets.n_targets)
        unknown = targets.n_targets - np.bincount(row, minlength=len(rows))
        everywhere = np.concatenate([row, np.repeat(np.arange(len(rows)), unknown)])
        gains = np.concatenate([weight[item], np.full(int(unknown.sum()), _of_nothing(items, gamma))])
        ideal = {}
        for k in ks:
            best = metrics.ideal_weighted_dcg_at(everywhere, gains, len(rows), k)
            ideal[k] = float(average(best, own, len(users)).mean()) if len(users) else 0.0
        return cls(targets, rows, users, own, row, item, weight[item], of_group, ideal)

    @property
    def name(self) -> str:
        """Of the view."""
        return self.targets.view.name

    def share_of_targets(self, found: Values) -> Values:
        """Of each user's targets the share for which `found` says so, one number from 0 to 1 a target, (U,)."""
        n = self.targets.n_targets
        return self.averaged(np.bincount(self.askers, weights=found, minlength=len(n)) / np.maximum(n, 1))

    @property
    def n_targets(self) -> Ints:
        """Targets of each user, over all moments, (U,)."""
        return np.bincount(self.owners, weights=self.targets.n_targets, minlength=len(self.users)).astype(np.int64)

    def averaged(self, values: Values) -> Values:
        """Means over those who stand for each user: (A,) to (U,)."""
        if len(self.users) == len(self.owners):
            return values[np.argsort(self.owners)]
        return average(values, self.owners, len(self.users))


def average(values: Values, owners: Ints, n: int) -> Values:
    """Mean of the values of each owner, (n,); nan for an owner of none."""
    counts = np.bincount(owners, minlength=n).astype(np.float64)
    sums = np.bincount(owners, weights=values, minlength=n)
    means: Values = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)
    return means


def _groups(rows: Ints, groups: Ints, n_targets: Ints) -> Ints:
    n = len(n_targets)
    counted = np.bincount(groups * n + rows, minlength=len(GROUPS) * n).reshape(len(GROUPS), n)
    counted[NEW] += n_targets - counted.sum(axis=0)
    return counted


def _of_nothing(items: Items, gamma: float) -> float:
    """The gain of an item without events."""
    return float(max(1, int(items.counts.max(initial=1))) ** gamma)
