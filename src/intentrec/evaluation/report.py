"""The outcome of a comparison, and its forms: JSON, a page, Markdown, and rows for a table on a screen."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from intentrec.evaluation.frames import (
    COSTS_SCHEMA,
    EVERYONE,
    EXCLUSIVE_SCHEMA,
    EXPOSURE_SCHEMA,
    ROADS_SCHEMA,
    SPREAD_SCHEMA,
    SWEEP_SCHEMA,
    TAG_HITS_SCHEMA,
)

_SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Evaluation:
    """What a comparison found.

    Attributes:
        protocol: time, leave-one-out or column.
        leaky: Whether training saw events later than some targets.
        cut: Where training ends, if one time does.
        summary: `SUMMARY_SCHEMA`: means over users. Stratum "everyone" holds every metric; the others, recall and NDCG:
            "users: no history", "users: 1-5 events" and so on (events before the cut), "items: head", "items: torso",
            "items: tail" and "items: new" (targets of that group only: the most popular items that hold a third of the
            events before the cut, the next third, the rest, and those without an event).
        per_user: Rows of `USER_METRICS`, one column for each metric.
        comparisons: `COMPARISON_SCHEMA`: paired tests over users.
        tuning: system, trial, setting, recall, chosen: every setting that was tried for a baseline.
        notes: Sentences that belong under the table.
        targets: What was to be found: window, last or successive.
        costs: `COSTS_SCHEMA`.
        exposure: `EXPOSURE_SCHEMA`.
        exclusive: `EXCLUSIVE_SCHEMA`.
        spread: `SPREAD_SCHEMA`; empty where every system has one seed.
        tag_hits: `TAG_HITS_SCHEMA`; empty without tags.
        sweep: `SWEEP_SCHEMA`, given by the caller; empty otherwise.
        about: Command, seeds, data version and the like, given by the caller.
        roads: `ROADS_SCHEMA`, given by the caller; empty otherwise.
    """

    protocol: str
    leaky: bool
    cut: datetime | None
    summary: pl.DataFrame
    per_user: pl.DataFrame
    comparisons: pl.DataFrame
    tuning: pl.DataFrame
    notes: list[str]
    targets: str = "window"
    costs: pl.DataFrame = field(default_factory=COSTS_SCHEMA.to_frame)
    exposure: pl.DataFrame = field(default_factory=EXPOSURE_SCHEMA.to_frame)
    exclusive: pl.DataFrame = field(default_factory=EXCLUSIVE_SCHEMA.to_frame)
    spread: pl.DataFrame = field(default_factory=SPREAD_SCHEMA.to_frame)
    tag_hits: pl.DataFrame = field(default_factory=TAG_HITS_SCHEMA.to_frame)
    sweep: pl.DataFrame = field(default_factory=SWEEP_SCHEMA.to_frame)
    about: dict[str, str] = field(default_factory=dict)
    roads: pl.DataFrame = field(default_factory=ROADS_SCHEMA.to_frame)

    @property
    def systems(self) -> list[str]:
        """Names of all systems, given ones first."""
        return self.summary["system"].unique(maintain_order=True).to_list()

    @property
    def views(self) -> list[str]:
        """Names of the views that had users."""
        return self.summary["view"].unique(maintain_order=True).to_list()

    @property
    def ks(self) -> list[int]:
        """Lengths at which recall was taken."""
        metrics = self.summary["metric"].unique(maintain_order=True).to_list()
        return [int(metric.removeprefix("recall@")) for metric in metrics if metric.startswith("recall@")]

    @property
    def strata(self) -> list[str]:
        """Names of all strata that had users, "everyone" first."""
        return self.summary["stratum"].unique(maintain_order=True).to_list()

    def value(self, system: str, metric: str, view: str = "all", stratum: str = EVERYONE) -> float:
        """One number of the summary.

        Raises:
            KeyError: It was not measured.
        """
        found = self.summary.filter(_at(view, metric, stratum), pl.col("system") == system)["value"]
        if found.is_empty():
            raise KeyError(f"{metric} of {system} in view {view!r}, stratum {stratum!r}, was not measured")
        return float(found[0])

    def to_json(self) -> dict[str, Any]:
        """The whole comparison but the per-user values, as plain data.

        Each entry of "systems" holds the metrics of view "all" at its top level, "intervals" ({metric: [low, high]}),
        "users", "strata" (stratum -> the same), and under "views" the same for the other views. All but "costs" is the
        same whenever the same comparison is made.
        """
        return {
            "protocol": self.protocol,
            "leaky": self.leaky,
            "cut": None if self.cut is None else self.cut.isoformat(),
            "systems": [self._system(system) for system in self.systems],
            "comparisons": self.comparisons.to_dicts(),
            "tuning": self.tuning.to_dicts(),
            "notes": list(self.notes),
            "targets": self.targets,
            "exposure": self.exposure.to_dicts(),
            "exclusive": self.exclusive.to_dicts(),
            "spread": self.spread.to_dicts(),
            "tag_hits": self.tag_hits.to_dicts(),
            "sweep": self.sweep.to_dicts(),
            "about": dict(self.about),
            "costs": self.costs.to_dicts(),
            "roads": self.roads.to_dicts(),
        }

    def _system(self, system: str) -> dict[str, Any]:
        measured = self.summary.filter(pl.col("system") == system)["view"].unique(maintain_order=True)
        views = {view: self._view(system, view) for view in measured}
        return {"system": system, **views.pop("all", {}), "views": views}

    def _view(self, system: str, view: str) -> dict[str, Any]:
        rows = self.summary.filter(pl.col("system") == system, pl.col("view") == view)
        strata = {part[0]: _numbers(found) for (*part,), found in rows.group_by("stratum", maintain_order=True)}
        return {**strata.pop(EVERYONE, {}), "strata": strata}

    def columns(self) -> list[str]:
        """Headers of `rows`."""
        return ["system", *self._shown()]

    def rows(self, view: str = "all", *, digits: int = 4) -> list[list[str]]:
        """One row a system: its name, then each metric; empty where it was not measured.

        The longest recall carries its interval. `*` marks a number significantly below that of the first system, `+`
        one significantly above it (paired bootstrap, p < .05 after Holm).
        """
        shown = self._shown()
        return [[system, *(self._cell(system, metric, view, digits) for metric in shown)] for system in self.systems]

    def to_markdown(
        self, *, title: str = "Comparison of recommenders", reference: str | None = None, digits: int = 4
    ) -> str:
        """The whole report as Markdown: every table with intervals and marks, each with where it comes from.

        Args:
            title: Of the report.
            reference: The system that marks stand against; the first one where it is None.
            digits: Behind the point.

        Raises:
            ConfigError: The reference is none of the systems.
        """
        from intentrec.evaluation import reports

        return reports.to_markdown(reports.report_of(self, title=title, reference=reference, digits=digits))

    def to_html(
        self, *, title: str = "Comparison of recommenders", reference: str | None = None, digits: int = 4
    ) -> str:
        """The same report as one page with plots, which loads nothing from anywhere; arguments as in `to_markdown`.

        Raises:
            ConfigError: The reference is none of the systems.
            MissingExtra: altair or vl-convert-python is not installed.
        """
        from intentrec.evaluation import reports

        return reports.to_html(reports.report_of(self, title=title, reference=reference, digits=digits))

    def _shown(self) -> list[str]:
        if not self.ks:
            return []
        shortest = min(self.ks)
        wanted = [f"recall@{shortest}", f"ndcg@{shortest}", *(f"recall@{k}" for k in sorted(self.ks)[1:])]
        wanted += [f"coverage@{shortest}", f"category_diversity@{shortest}"]
        measured = set(self.summary["metric"])
        return [metric for metric in wanted if metric in measured]

    def _cell(self, system: str, metric: str, view: str, digits: int) -> str:
        found = self.summary.filter(_at(view, metric), pl.col("system") == system).to_dicts()
        if not found:
            return ""
        text = f"{found[0]['value']:.{digits}f}{self._mark(system, metric, view)}"
        if metric == f"recall@{max(self.ks)}":
            text += f" [{found[0]['low']:.{digits}f}, {found[0]['high']:.{digits}f}]"
        return text

    def _mark(self, system: str, metric: str, view: str) -> str:
        """How the number stands to the first system's."""
        pair = (pl.col("system") == self.systems[0]) & (pl.col("against") == system)
        found = self.comparisons.filter(_at(view, metric), pair).to_dicts()
        if not found or found[0]["p_holm"] >= _SIGNIFICANT:
            return ""
        return "*" if found[0]["difference"] > 0 else "+"


def _at(view: str, metric: str, stratum: str = EVERYONE) -> pl.Expr:
    return (pl.col("view") == view) & (pl.col("metric") == metric) & (pl.col("stratum") == stratum)


def _numbers(rows: pl.DataFrame) -> dict[str, Any]:
    found = rows.to_dicts()
    intervals = {row["metric"]: [row["low"], row["high"]] for row in found if row["low"] is not None}
    return {row["metric"]: row["value"] for row in found} | {"users": found[0]["users"], "intervals": intervals}
