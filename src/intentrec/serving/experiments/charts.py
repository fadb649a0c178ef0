"""Drawings of a report as numbers: where lines, bands and ticks lie. The templates make SVG of them.

They are drawn here, and not with altair, because the server's extra has no altair, and a page may hold neither scripts
nor styles of its own: shapes with attributes are all it takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor, isfinite, log10

WIDTH, HEIGHT = 640.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 12.0, 10.0, 26.0
_TICKS = 5
_DAYS_SHOWN = 8
_REACH = 3.0
COLOURS = ("#3b7dd8", "#d9622b", "#2e9e63", "#b05cc8", "#b8860b", "#d6456b")
"""Of arms, the control first; each at least 3 : 1 against light and dark pages, as in evaluation's plots."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """One series.

    Attributes:
        name: What it shows.
        path: Of its points, as SVG writes it.
        band: Of the area around it; "" for none.
        dashed: Whether it is a level to compare with.
    """

    name: str
    path: str
    band: str
    colour: str
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines over time.

    Attributes:
        title: What is shown, for screen readers.
        zero: Where zero lies.
    """

    title: str
    lines: Sequence[Line]
    x: Sequence[Tick]
    y: Sequence[Tick]
    zero: float
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    bottom: float = HEIGHT - _BOTTOM


@dataclass(frozen=True)
class Series:
    """What a line is drawn from.

    Attributes:
        band: Lower and upper end at each time; ends that are not finite reach to the edge.
    """

    name: str
    values: Sequence[float]
    colour: str
    band: Sequence[tuple[float, float]] = ()
    dashed: bool = False


def chart(title: str, times: Sequence[datetime], series: Sequence[Series], *, share: bool) -> Chart | None:
    """Series over time; None where there is nothing to draw.

    Args:
        share: Whether values are changes, written as percent, and zero is at least in sight.
    """
    if not times:
        return None
    low, high = _extent(series)
    y = _Scale(low, high, HEIGHT - _BOTTOM, _TOP)
    first, last = times[0].timestamp(), times[-1].timestamp()
    x = _Scale(first, last if last > first else first + 1.0, _LEFT, WIDTH - _RIGHT)
    across = [x(at.timestamp()) for at in times]
    lines = [_line(each, across, y) for each in series]
    text = _percent if share else _count
    ticks = [Tick(y(value), text(value)) for value in _ticks(low, high)]
    step = -(-len(times) // _DAYS_SHOWN)
    days = [Tick(x(at.timestamp()), f"{at:%m-%d}") for at in times[::step]]
    return Chart(title, lines, days, ticks, y(0.0))


class _Scale:
    """From values to places."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high = low, high
        self._start, self._factor = start, (end - start) / (high - low)

    def __call__(self, value: float) -> float:
        kept = min(max(value, self.low), self.high)
        return round(self._start + (kept - self.low) * self._factor, 1)


def _extent(series: Sequence[Series]) -> tuple[float, float]:
    """What the axis shows: values, zero, the newest bands, and of wider ones up to three times that reach."""
    values = [value for each in series for value in each.values if isfinite(value)]
    newest = [end for each in series for ends in each.band[-1:] for end in ends if isfinite(end)]
    ends = [end for each in series for ends in each.band for end in ends if isfinite(end)]
    low, high = min([0.0, *values, *newest]), max([0.0, *values, *newest])
    if high <= low:
        return low - 1.0, high + 1.0
    reach = _REACH * (high - low)
    return max(min([low, *ends]), high - reach), min(max([high, *ends]), low + reach)


def _line(series: Series, across: Sequence[float], y: _Scale) -> Line:
    points = [(x, y(value)) for x, value in zip(across, series.values, strict=True) if isfinite(value)]
    upper = [(x, y(high)) for x, (_, high) in zip(across, series.band, strict=False)]
    lower = [(x, y(low)) for x, (low, _) in zip(across, series.band, strict=False)]
    band = _path(upper + lower[::-1]) + "Z" if series.band else ""
    return Line(series.name, _path(points), band, series.colour, series.dashed)


def _path(points: Sequence[Point]) -> str:
    return "".join(f"{'L' if n else 'M'}{x:g},{y:g}" for n, (x, y) in enumerate(points))


def _ticks(low: float, high: float) -> list[float]:
    """Round values within a range."""
    rough = (high - low) / _TICKS
    size = 10.0 ** floor(log10(rough))
    step = next(size * factor for factor in (1.0, 2.0, 5.0, 10.0) if size * factor >= rough)
    first = -(-low // step)
    return [round((first + n) * step, 10) for n in range(int((high - first * step) // step) + 1)]


def _percent(value: float) -> str:
    return f"{100 * value:+g}%" if value else "0%"


def _count(value: float) -> str:
    return f"{value:,.0f}"


@dataclass(frozen=True)
class Mark:
    """An interval on a line of its own, 100 wide.

    Attributes:
        zero: Where no difference lies.
        point: Where the estimate lies.
    """

    low: float
    high: float
    point: float
    zero: float


def marks(intervals: Sequence[tuple[float, float, float]]) -> list[Mark | None]:
    """Intervals (low, value, high) on one scale; None for those without ends."""
    ends = [end for each in intervals if all(map(isfinite, each)) for end in each] + [0.0]
    scale = _Scale(min(ends), max(ends) if max(ends) > min(ends) else min(ends) + 1.0, 2.0, 98.0)
    return [
        Mark(scale(low), scale(high), scale(value), scale(0.0)) if all(map(isfinite, (low, value, high))) else None
        for low, value, high in intervals
    ]
