"""How good the recommender was on what it had not seen, from the metrics of every user that `evaluate` keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl
from markupsafe import Markup

from intentrec.errors import MissingExtra
from intentrec.evaluation.reports import plots
from intentrec.evaluation.significance import interval, resampled_means
from intentrec.extras import require
from intentrec.serving.explorer.svg import inline
from intentrec.tables import USER_METRICS
from intentrec.workspace import Workspace

OURS = "intentrec"
DRAWS = ("altair", "vl_convert")
"""What plots need."""
_SAMPLES = 2000
_CONFIDENCE = 0.95
_WIDTH = 840
_LENGTHS = (10, 100)
_RANKED = ("recall@", "ndcg@")
_WANTED = (*_RANKED, "category_diversity@")
_KEYS = tuple(column.name for column in USER_METRICS.columns)


@dataclass(frozen=True)
class Mean:
    """A mean over users with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class View:
    """What counts as found, and how well each system found it.

    Attributes:
        rows: System -> its means, in the order of `metrics`.
        plot: Of all of it; None where what draws is not installed.
    """

    name: str
    users: int
    metrics: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Mean]]]
    plot: Markup | None


@dataclass(frozen=True)
class Quality:
    """The report.

    Attributes:
        version: Of the table `user_metrics`.
        lacking: What to install for plots; "" where they are there.
    """

    version: int
    views: Sequence[View]
    lacking: str


def quality(workspace: Workspace) -> Quality | None:
    """What the latest `intentrec evaluate` measured; None where there was none. Takes a second for 10,000 users."""
    if not workspace.tables.exists("user_metrics"):
        return None
    return _quality(workspace, workspace.tables.identity("user_metrics"))


@lru_cache(maxsize=2)
def _quality(workspace: Workspace, identity: str) -> Quality:
    frame, lacking = workspace.read("user_metrics"), ""
    try:
        for module in DRAWS:
            require(module, "the plots of a quality report")
    except MissingExtra as missing:
        lacking = str(missing)
    names = frame["view"].unique().sort().to_list()
    views = [_view(frame.filter(pl.col("view") == name), name, drawn=not lacking) for name in names]
    return Quality(workspace.tables.version("user_metrics"), views, lacking)


def _view(frame: pl.DataFrame, name: str, *, drawn: bool) -> View:
    metrics = _metrics(frame)
    systems = sorted(frame["system"].unique().to_list(), key=lambda system: (not system.startswith(OURS), system))
    users = frame["user_id"].n_unique()
    parts = [frame.filter(pl.col("system") == system).sort("user_id").select(metrics).to_numpy() for system in systems]
    means = resampled_means(np.hstack(parts), _SAMPLES, np.random.default_rng(0))
    lows, highs = interval(means, _CONFIDENCE)
    found = []
    for place, (system, values) in enumerate(zip(systems, parts, strict=True)):
        columns = slice(place * len(metrics), (place + 1) * len(metrics))
        ends = zip(values.mean(axis=0), lows[columns], highs[columns], strict=True)
        found.append((system, [Mean(float(mean), float(low), float(high)) for mean, low, high in ends]))
    return View(name, users, metrics, found, _plot(metrics, found) if drawn else None)


def _metrics(frame: pl.DataFrame) -> list[str]:
    """Of the lists that people see and of those that a ranker would get: 10 and 100, or what comes nearest.

    Diversity counts where people look.
    """
    named = [column for column in frame.columns if column not in _KEYS and column.startswith(_WANTED)]
    named = [column for column in named if not frame[column].is_null().all()]
    lengths = {column: int(column.rpartition("@")[2]) for column in named}
    kept = {min(lengths.values(), key=lambda length: abs(length - wanted)) for wanted in _LENGTHS if lengths}
    return [
        column
        for column in named
        if lengths[column] in kept and (column.startswith(_RANKED) or lengths[column] == min(kept))
    ]


def _plot(metrics: Sequence[str], found: Sequence[tuple[str, Sequence[Mean]]]) -> Markup:
    rows = [
        {"row": metric, "system": system, "value": mean.value, "low": mean.low, "high": mean.high}
        for system, means in found
        for metric, mean in zip(metrics, means, strict=True)
    ]
    spec = plots.dots(rows, "mean over users, 95 % interval", [system for system, _ in found], metrics)
    convert = require("vl_convert", "the plots of a quality report")
    return inline(convert.vegalite_to_svg({**spec, "width": _WIDTH}))
