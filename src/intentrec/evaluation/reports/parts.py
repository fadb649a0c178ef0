"""What a report consists of, before it is a page or Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from intentrec.evaluation.reports.marks import Mark

Spec = dict[str, Any]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: As it is read; "" where nothing was measured.
        value: The number itself, unrounded; None for words.
        interval: Its ends, unrounded.
        interval_text: As they are read.
        mark: How the number stands to the reference.
        best: Whether it is the best of those it is compared with.
    """

    text: str
    value: float | None = None
    interval: Interval | None = None
    interval_text: str = ""
    mark: Mark | None = None
    best: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under a caption; the first cell of a row names it.

    Attributes:
        folded: Whether a page shows it only when asked to.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    folded: bool = False

    @property
    def numeric(self) -> set[int]:
        """Columns of numbers."""
        filled = [{n for n, cell in enumerate(row) if cell.value is not None} for row in self.rows]
        worded = {n for row in self.rows for n, cell in enumerate(row) if cell.value is None and cell.text}
        return set().union(*filled) - worded


@dataclass(frozen=True)
class Figure:
    """A plot beside the table of all its numbers.

    Attributes:
        title: What is shown.
        meaning: How to read it; stands under the plot and is what a screen reader says of it.
        spec: Makes the Vega-Lite specification, only when a page needs it.
        table: Every number of the plot.
    """

    title: str
    meaning: str
    spec: Callable[[], Spec]
    table: Table


@dataclass(frozen=True)
class Part:
    """One section: words, then tables and figures in the order given."""

    title: str
    words: Sequence[str]
    content: Sequence["Table | Figure | Part"]


@dataclass(frozen=True)
class Report:
    """A whole report.

    Attributes:
        reference: The system that marks stand against; "" where there is none.
        source: Command, seeds, data, split, package: (name, value), under every figure and table.
        facts: Whatever else the caller said about the comparison.
        notes: Sentences about users and targets.
    """

    title: str
    reference: str
    source: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    parts: Sequence[Part]


EMPTY = Cell("")


def words(text: object) -> Cell:
    """A cell of words; nothing for None."""
    return EMPTY if text is None else Cell(str(text))


def whole(value: int | None) -> Cell:
    """A cell of a count."""
    return EMPTY if value is None else Cell(str(value), value)


def number(
    value: float | None, digits: int = 4, *, interval: tuple[float | None, float | None] = (None, None),
    mark: Mark | None = None, best: bool = False,
) -> Cell:  # fmt: skip
    """A cell of a number, with its interval where both ends are known; empty where there is no number."""
    if value is None or not isfinite(value):
        return EMPTY
    low, high = interval
    if low is None or high is None:
        return Cell(rounded(value, digits), value, mark=mark, best=best)
    ends = f"[{rounded(low, digits)}, {rounded(high, digits)}]"
    return Cell(rounded(value, digits), value, (low, high), ends, mark, best)


def rounded(value: float, digits: int) -> str:
    """With so many digits behind the point, and no minus before a zero."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text
