"""Splits of a log into what a system may learn from and what it must foresee."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from intentrec.errors import DataError

PARTS = ("train", "validation", "test")
_SHORT = {"valid": "validation", "val": "validation"}
Order = Literal["row", "time"]


@dataclass(frozen=True)
class Split:
    """One way to cut a log.

    Attributes:
        name: The protocol: time, leave-one-out or column.
        leaky: Whether training events are later than some targets, so that numbers flatter every system.
        cut: Targets are at or after this time and training before it; None where no one time separates them.
        train: Events to learn from, the validation window included, in the given order.
        targets: Columns user_id, item_id, timestamp (the first occurrence), repeat (whether the same user has the item
            in `train` by one of the target kinds); sorted by user_id, timestamp, item_id; no pair twice.
        validation_cut: Training events from here on may serve for tuning; None where there is no such time.
        later: All events of the test window, whatever their kind, in the given order: what happened before a target but
            after the cut. None where no one time separates training from targets.
        order: Which event of a user counts as the last (`leave_one_out`).
        column: The column that says the split (`by_column`).
    """

    name: str
    leaky: bool
    cut: datetime | None
    train: pl.DataFrame
    targets: pl.DataFrame
    validation_cut: datetime | None
    later: pl.DataFrame | None = None
    order: Order = "row"
    column: str | None = None

    def inner(self, kinds: Collection[str] | None = None) -> "Split":
        """The same cut once more within `train`, for tuning: the window before the cut, or the second held-out event.

        Where a column says the split, its validation rows are the targets; where it names none, the last event of each
        user is.

        Args:
            kinds: Which kinds of events are targets, as when this split was made.
        """
        if self.column is not None and "validation" in self.train.get_column(self.column):
            part = pl.col(self.column).replace({"validation": "test"})
            return by_column(self.train.with_columns(part.alias(self.column)), self.column, kinds)
        if self.cut is not None and self.validation_cut is not None:
            return global_time(self.train, self.validation_cut, self.cut - self.validation_cut, kinds)
        return leave_one_out(self.train, kinds, order=self.order)


def global_time(events: pl.DataFrame, cut: datetime, window: timedelta, kinds: Collection[str] | None = None) -> Split:
    """Learn from everything before `cut`; foresee `[cut, cut + window)`.

    The validation window has the same length and ends at `cut`.

    Args:
        events: Rows of `EVENTS`.
        cut: Timezone-aware.
        window: Length of the test window, and of the validation window.
        kinds: Which kinds of events are targets; None means all. Training keeps every kind.
    """
    if window <= timedelta(0):
        raise DataError(f"The test window must be longer than nothing, not {window}.")
    train = events.filter(pl.col("timestamp") < cut)
    test = events.filter(pl.col("timestamp") >= cut, pl.col("timestamp") < cut + window)
    return Split("time", False, cut, train, _targets(test, train, kinds), cut - window, test)


def leave_one_out(events: pl.DataFrame, kinds: Collection[str] | None = None, *, order: Order = "row") -> Split:
    """Foresee each user's last event of the target kinds; learn from all the rest.

    What the user did after the held-out event is dropped. A user with nothing before it keeps everything in training.
    `Split.inner` holds out one event more, for validation. Leaky by construction: other users' training events are
    later than many targets.

    Args:
        events: Rows of `EVENTS`.
        kinds: Which kinds of events are targets; None means all. Training keeps every kind.
        order: row: the last is the one that the log names last (the greatest `row`), as in published sequence files,
            whose times are too coarse to say; time: the one of the latest time, the greatest `row` of them.
    """
    events = _numbered(events)
    # A struct has no order of its own; the place in a sort has one.
    key = pl.arg_sort_by("timestamp", "row").arg_sort() if order == "time" else pl.col("row")
    numbered = events.with_columns(_key=key.cast(pl.Int64))
    held = _of_kinds(numbered, kinds).group_by("user_id").agg(_held=pl.col("_key").max())
    joined = numbered.join(held, on="user_id", how="left", maintain_order="left")
    before = pl.col("_key") < pl.col("_held")
    has_past = before.any().over("user_id").fill_null(False)
    train = joined.filter(~has_past | before).select(events.columns)
    test = joined.filter(has_past & (pl.col("_key") == pl.col("_held"))).select(events.columns)
    targets = _targets(test, train, kinds)
    return Split("leave-one-out", _is_leaky(train, test), None, train, targets, None, order=order)


def by_column(events: pl.DataFrame, column: str, kinds: Collection[str] | None = None) -> Split:
    """Follow a column of the log that says train, validation (or valid, val) or test for each event.

    Raises:
        DataError: The column is missing, holds other values, or names no test event.
    """
    if column not in events.columns:
        raise DataError(f"Events have no column {column!r} to split by; they have {', '.join(events.columns)}.")
    events = events.with_columns(pl.col(column).cast(pl.String).replace(_SHORT))
    found = events.get_column(column).unique().to_list()
    strange = sorted(str(part) for part in found if part not in PARTS)
    if strange or "test" not in found:
        raise DataError(
            f"Column {column!r} must say train, validation or test for each event, and test for some; "
            f"it holds {', '.join(strange or sorted(found)) or 'nothing'}."
        )
    test = events.filter(pl.col(column) == "test")
    train = events.filter(pl.col(column) != "test")
    leaky = _is_leaky(train, test)
    validation = train.filter(pl.col(column) == "validation")
    learned = train.filter(pl.col(column) == "train")
    ordered = not leaky and not validation.is_empty() and not _is_leaky(learned, validation)
    return Split(
        "column", leaky, None if leaky else _first(test), train, _targets(test, train, kinds),
        _first(validation) if ordered else None, None if leaky else test, column=column,
    )  # fmt: skip


def _of_kinds(events: pl.DataFrame, kinds: Collection[str] | None) -> pl.DataFrame:
    wanted = events.filter(pl.col("item_id").is_not_null())
    return wanted if kinds is None else wanted.filter(pl.col("event").is_in(sorted(kinds)))


def _targets(test: pl.DataFrame, train: pl.DataFrame, kinds: Collection[str] | None) -> pl.DataFrame:
    pair = ["user_id", "item_id"]
    had = _of_kinds(train, kinds).select(pair).unique().with_columns(repeat=pl.lit(True))
    return (
        _of_kinds(test, kinds)
        .group_by(pair)
        .agg(pl.col("timestamp").min())
        .join(had, on=pair, how="left")
        .with_columns(pl.col("repeat").fill_null(False))
        .sort("user_id", "timestamp", "item_id")
    )


def _numbered(events: pl.DataFrame) -> pl.DataFrame:
    if "row" not in events.columns:
        raise DataError("Events need their column 'row' to be split by leave-one-out.")
    return events


def _first(events: pl.DataFrame) -> datetime | None:
    first = events.get_column("timestamp").min()
    return first if isinstance(first, datetime) else None


def _is_leaky(train: pl.DataFrame, test: pl.DataFrame) -> bool:
    if train.is_empty() or test.is_empty():
        return False
    return bool(train.select(pl.col("timestamp").max()).item() >= test.select(pl.col("timestamp").min()).item())
