"""Judgements that were given, in the table and not in it yet, and how far raters agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from intentrec.judge import Agreement, Rating, agreement
from intentrec.judge.criteria import CRITERIA, Criterion, Task
from intentrec.serving.explorer.labels.subjects import Key
from intentrec.serving.keys import LIVE_FOLDER
from intentrec.serving.live import Label, LiveStore
from intentrec.tables import LABELS
from intentrec.workspace import Workspace

_KEY = [pl.col(name).fill_null("") for name in ("subject", "item_id", "interest", "text")]


@dataclass(frozen=True)
class Figures:
    """How far raters agree on one criterion.

    Attributes:
        passed: Share of all verdicts with which a thing passes; None where there are none.
        unknown: Verdicts that are none of the criterion's levels, left out.
    """

    task: Task
    criterion: str
    found: Agreement
    passed: float | None
    unknown: int


def given(workspace: Workspace, waiting: Sequence[Label]) -> pl.DataFrame:
    """Every judgement once, rows of `LABELS`, in the order they were given; the latest where one was given again.

    Args:
        workspace: Whose table.
        waiting: Judgements that may not be in the table yet.
    """
    both = pl.concat([workspace.read("labels"), LABELS.rows(label.model_dump() for label in waiting)])
    return both.sort("at", "label_id", maintain_order=True).unique("label_id", keep="last", maintain_order=True)


def waiting_in(workspace: Workspace) -> Sequence[Label]:
    """Judgements that a server took in and that are not in the table yet."""
    folder = workspace.root / LIVE_FOLDER
    if not folder.is_dir():
        return ()
    store = LiveStore.open(folder)
    try:
        return store.labels()
    finally:
        store.close()


def judged_by(labels: pl.DataFrame, task: Task, rater: str) -> frozenset[Key]:
    """What a rater has judged."""
    mine = labels.filter(pl.col("task") == task, pl.col("rater") == rater)
    return frozenset(mine.select(_KEY).iter_rows())


def figures(labels: pl.DataFrame) -> list[Figures]:
    """One for each criterion of each task, those without verdicts, too."""
    return [_figures(labels, task, criterion) for task, criteria in CRITERIA.items() for criterion in criteria]


def _figures(labels: pl.DataFrame, task: Task, criterion: Criterion) -> Figures:
    rows = labels.filter(pl.col("task") == task, pl.col("criterion") == criterion.name)
    usual = rows.filter(pl.col("verdict").is_in(list(criterion.levels)))
    verdicts = usual.select(*_KEY, "rater", "verdict").iter_rows()
    ratings = [Rating("\0".join(key), rater, verdict) for *key, rater, verdict in verdicts]
    passed = [rating.verdict in criterion.passes for rating in ratings]
    return Figures(
        task=task,
        criterion=criterion.name,
        found=agreement(ratings, criterion.levels),
        passed=sum(passed) / len(passed) if passed else None,
        unknown=rows.height - usual.height,
    )
