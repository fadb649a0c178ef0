"""What every section looks at: the comparison, whom it is marked against, which lengths it speaks of."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from intentrec.evaluation.frames import EVERYONE
from intentrec.evaluation.report import Evaluation
from intentrec.evaluation.reports.marks import Key, Mark, marks
from intentrec.evaluation.reports.parts import EMPTY, Cell, number
from intentrec.evaluation.views import VIEWS

USERS, ITEMS = "users: ", "items: "
_LESS_IS_MORE = ("gini@",)
_NEITHER = ("novelty@",)
"""Neither more nor less of it is better."""


@dataclass(frozen=True)
class Look:
    """A comparison as the sections of a report see it.

    Attributes:
        found: The comparison.
        reference: The system that marks stand against.
        digits: Behind the point.
    """

    found: Evaluation
    reference: str
    digits: int = 4

    @cached_property
    def short(self) -> int:
        """Length of the lists that people see: 10, or the shortest measured."""
        ks = self.found.ks
        return 10 if 10 in ks else min(ks)

    @cached_property
    def long(self) -> int:
        """Length of the lists that a ranker would get: 100, or the longest measured."""
        ks = self.found.ks
        return 100 if 100 in ks else max(ks)

    @cached_property
    def headline(self) -> list[str]:
        """Metrics of the first table, those that were measured."""
        short, long = self.short, self.long
        wanted = [f"recall@{short}", f"ndcg@{short}", f"mrr@{short}", f"recall@{long}", f"ndcg@{long}"]
        wanted += [f"debiased_ndcg@{short}", f"category_diversity@{short}", f"diversity@{short}"]
        wanted += [f"coverage@{short}", f"gini@{short}", f"novelty@{short}"]
        measured = set(self.found.summary["metric"])
        return [metric for metric in dict.fromkeys(wanted) if metric in measured]

    @cached_property
    def marks(self) -> dict[Key, Mark]:
        """Against the reference."""
        return marks(self.found.comparisons, self.reference)

    @cached_property
    def _rows(self) -> Mapping[Key, dict[str, Any]]:
        keys = ("view", "stratum", "metric", "system")
        return {tuple(row[key] for key in keys): row for row in self.found.summary.iter_rows(named=True)}

    def row(self, view: str, stratum: str, metric: str, system: str) -> dict[str, Any] | None:
        """One row of the summary; None where it was not measured."""
        return self._rows.get((view, stratum, metric, system))

    def cell(self, view: str, metric: str, system: str, stratum: str = EVERYONE) -> Cell:
        """One number with its interval and mark, and whether no system has a better one."""
        row = self.row(view, stratum, metric, system)
        if row is None:
            return EMPTY
        mark = self.marks.get((view, stratum, metric, system))
        best = row["value"] == self._best(view, stratum, metric)
        return number(row["value"], self.digits, interval=(row["low"], row["high"]), mark=mark, best=best)

    def _best(self, view: str, stratum: str, metric: str) -> float | None:
        if metric.startswith(_NEITHER):
            return None
        rows = [self.row(view, stratum, metric, system) for system in self.found.systems]
        values: list[float] = [row["value"] for row in rows if row is not None]
        if len(set(values)) < 2:
            return None
        return min(values) if metric.startswith(_LESS_IS_MORE) else max(values)

    def strata(self, view: str, kind: str) -> dict[str, int]:
        """Strata of users (`USERS`) or items (`ITEMS`) in a view, and the users of each."""
        rows = self.found.summary.filter(pl.col("view") == view, pl.col("stratum").str.starts_with(kind))
        return dict(rows.select("stratum", "users").unique(subset="stratum", maintain_order=True).iter_rows())

    def users(self, view: str) -> int:
        """How many users a view has."""
        return int(self.found.summary.filter(pl.col("view") == view, pl.col("stratum") == EVERYONE)["users"][0])

    def opponents(self, view: str) -> list[str]:
        """Whom the reference was tested against."""
        rows = self.found.comparisons.filter(pl.col("view") == view, pl.col("stratum") == EVERYONE)
        pairs = rows.select("system", "against").unique().iter_rows()
        tested = {name for pair in pairs if self.reference in pair for name in pair}
        return [name for name in self.found.systems if name in tested and name != self.reference]


def meaning(view: str) -> str:
    """What counts in a view."""
    known = {each.name: each.meaning for each in VIEWS}
    return f"View “{view}”: {known.get(view, 'as the caller defined it')}"
