"""Recall against diversity: the systems, and the path of a system whose knob is turned."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import polars as pl

from intentrec.evaluation.frames import EVERYONE
from intentrec.evaluation.reports import plots
from intentrec.evaluation.reports.look import Look
from intentrec.evaluation.reports.parts import Figure, Part, Table, number, words

_MEASURES = {"category_diversity": "category diversity", "diversity": "diversity of vectors"}


def trade(look: Look) -> Part:
    """One figure a view, over category diversity where items have categories, else over that of vectors."""
    reading = (
        "Up is more found, right is more variety. A point is on the Pareto front when no other point of the figure has "
        "both more recall and more diversity."
    )
    swept = look.found.sweep
    if swept.height:
        reading += " Lines are one system at several settings of a knob."
    figures = [figure for view in look.found.views if (figure := _of_view(look, view)) is not None]
    return Part("Recall against diversity", [reading] if figures else [], figures)


def _of_view(look: Look, view: str) -> Figure | None:
    sweep = look.found.sweep
    mine = sweep.filter(pl.col("view") == view)
    k = int(mine["k"][0]) if mine.height else look.short
    points = _systems(look, view, k) + _settings(mine.filter(pl.col("k") == k))
    measure = next((name for name in _MEASURES if any(_known(point[name]) for point in points)), None)
    if measure is None:
        return None
    points = [point for point in points if _known(point[measure])]
    fronts = front([(point["recall"], point[measure]) for point in points])
    points = [
        point | {"diversity_shown": point[measure], "front": on} for point, on in zip(points, fronts, strict=True)
    ]
    measured = f"{_MEASURES[measure]} of the first {k}"
    return Figure(
        f"Recall@{k} against {_MEASURES[measure]}, view “{view}”",
        f"Each point is a system, or one setting of its knob: recall@{k} upwards, {measured} to the right. Points on "
        "the Pareto front are filled.",
        partial(plots.trade, points, measured, f"recall@{k}", look.found.systems),
        _table(points, view, k, look.digits),
    )


def _systems(look: Look, view: str, k: int) -> list[dict[str, Any]]:
    points = []
    for system in look.found.systems:
        names = {"recall": "recall", "ndcg": "ndcg", **{name: name for name in _MEASURES}}
        found = {name: look.row(view, EVERYONE, f"{metric}@{k}", system) for name, metric in names.items()}
        if found["recall"] is not None:
            values = {name: None if row is None else row["value"] for name, row in found.items()}
            points.append({"series": system, "system": system, "knob": None, "setting": None, **values})
    return points


def _settings(sweep: pl.DataFrame) -> list[dict[str, Any]]:
    ordered = sweep.sort("system", "knob", "setting", maintain_order=True)
    return [row | {"series": f"{row['system']}: {row['knob']}"} for row in ordered.drop("view", "k").to_dicts()]


def front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """For each point whether no other is at least as good in both and better in one."""
    return [not any((other[0] >= one[0] and other[1] >= one[1] and other != one) for other in points) for one in points]


def _known(value: float | None) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - not a number is unknown


def _table(points: Sequence[dict[str, Any]], view: str, k: int, digits: int) -> Table:
    rows = [
        [
            words(point["system"]), words(point["knob"]),
            number(point["setting"], 2), number(point["recall"], digits), number(point["ndcg"], digits),
            number(point["category_diversity"], digits), number(point["diversity"], digits),
            words("yes" if point["front"] else "no"),
        ]
        for point in points
    ]  # fmt: skip
    columns = [
        "system", "knob", "setting", f"recall@{k}", f"ndcg@{k}", f"category_diversity@{k}", f"diversity@{k}",
        "on the Pareto front",
    ]  # fmt: skip
    return Table(f"Recall against diversity, view “{view}”", columns, rows, folded=True)
