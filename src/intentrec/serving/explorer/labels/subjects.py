"""What is judged: a sample of a release in an order that is the same for every rater, so that they meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from intentrec.judge.criteria import Task
from intentrec.workspace import Workspace

POOL = 500
"""Things of a task that are judged of one release."""


@dataclass(frozen=True)
class Subject:
    """One thing to be judged.

    Attributes:
        user_id: Whom it was written for; None for an explanation, which many users may see.
        item_id: The item that an explanation is about.
        interest_id: Of an interest or a tag.
        interest: The words of the interest.
        text: The words that are judged.
    """

    task: Task
    user_id: str | None
    item_id: str | None
    interest_id: str
    interest: str
    text: str

    @property
    def about(self) -> str:
        """The user or item it is about."""
        return self.user_id or self.item_id or ""

    @property
    def key(self) -> "Key":
        """What tells it from others, in every release."""
        return (self.about, self.item_id or "", self.interest, self.text)


Key = tuple[str, str, str, str]


def subjects(workspace: Workspace, release: str, task: Task) -> Sequence[Subject]:
    """What is judged of a release: at most `POOL`, as many of each model that wrote as there are.

    Raises:
        NotFoundError: It was never published.
    """
    return _subjects(workspace, release, task)


@lru_cache(maxsize=8)
def _subjects(workspace: Workspace, release: str, task: Task) -> tuple[Subject, ...]:
    tables = workspace.releases.get(release).tables

    def scan(name: str) -> pl.LazyFrame:
        return workspace.tables.scan(name, tables[name].version)

    if task == "interest":
        rows = _sample(scan("interests").with_columns(text="interest"), ["user_id", "interest_id", "interest", "text"])
    elif task == "tag":
        words = scan("interests").select("user_id", "interest_id", "interest")
        some = _sample(scan("tags").with_columns(text="tag"), ["user_id", "interest_id", "text"])
        rows = some.join(words, on=["user_id", "interest_id"], maintain_order="left")
    else:
        rows = _sample(scan("explanations").filter(pl.col("verdict") == "pass"), ["item_id", "interest", "text"])
    return tuple(
        Subject(
            task, row.get("user_id"), row.get("item_id"), row.get("interest_id") or "", row["interest"], row["text"]
        )
        for row in rows.collect().iter_rows(named=True)
    )


def _sample(rows: pl.LazyFrame, columns: list[str]) -> pl.LazyFrame:
    """By a hash of what is judged; the models that wrote take turns, so that none is left out."""
    drawn = rows.select(*columns, "model", _draw=pl.struct(columns).hash(0))
    # Only so many of each model are ever sorted: a large shop has millions of tags.
    best = drawn.group_by("model").agg(pl.all().bottom_k_by("_draw", POOL)).explode(*columns, "_draw")
    turns = best.sort("_draw", *columns).with_columns(_turn=pl.int_range(pl.len()).over("model"))
    return turns.sort("_turn", "_draw", "model").head(POOL)
