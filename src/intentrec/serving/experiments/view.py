"""What a page says about an experiment, ready to be written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

from intentrec.serving.experiments.analysis import Analysis
from intentrec.serving.experiments.charts import COLOURS, Chart, Mark, Series, chart, marks
from intentrec.serving.experiments.decision import Guarded
from intentrec.serving.experiments.definition import Experiment
from intentrec.serving.experiments.figures import chance, level, percent
from intentrec.serving.experiments.looks import Compared, Look
from intentrec.serving.experiments.metrics import MEASURES
from intentrec.serving.experiments.phase import phase
from intentrec.serving.experiments.ratio import ALARM
from intentrec.serving.experiments.sizes import Sizes


@dataclass(frozen=True)
class Row:
    """One metric of one arm, now.

    Attributes:
        cells: Control, arm, change, interval, p.
        mark: The interval drawn, on one scale for all rows; None where there is none.
    """

    metric: str
    meaning: str
    arm: str
    cells: Sequence[str]
    mark: Mark | None


@dataclass(frozen=True)
class Figure:
    """A chart beside its numbers.

    Attributes:
        meaning: How to read it.
        columns: Of the table of its numbers.
    """

    title: str
    meaning: str
    chart: Chart | None
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class View:
    """The page."""

    name: str
    at: datetime
    verdict: str
    reasons: Sequence[str]
    notes: Sequence[str]
    facts: Sequence[tuple[str, str]]
    arms: Sequence[Sequence[str]]
    ratio: str
    mismatch: bool
    sizes: Figure
    metrics: Sequence[Row]
    guardrails: Sequence[tuple[str, str]]
    figures: Sequence[Figure]


def view(found: Analysis) -> View:
    """The page of a report."""
    experiment = found.experiment
    colours = {arm: COLOURS[n % len(COLOURS)] for n, arm in enumerate(experiment.arms)}
    watched = [each for each in found.results if each.metric in experiment.needed and each.looks]
    rails = {(each.compared.metric, each.compared.arm): each for each in found.guarded}
    return View(
        found.name, found.at, found.decision.verdict, found.decision.reasons, found.notes,
        _facts(found), _arms(found), _ratio(found.sizes), found.sizes.alarm, _sizes(found.sizes, colours),
        _metrics(found.results), [(each.state, each.words()) for each in found.guarded],
        [_over_time(each, experiment, colours, rails.get((each.metric, each.arm))) for each in watched],
    )  # fmt: skip


def _facts(found: Analysis) -> list[tuple[str, str]]:
    experiment = found.experiment
    times = [_day(at) if at else "open" for at in (experiment.start, experiment.end)]
    facts = [
        ("state", "A/A, " * experiment.aa + phase(experiment, found.at)),
        ("from", f"{times[0]} to {times[1]}"),
        ("traffic", f"{experiment.traffic:.0%}" + (f" of layer {experiment.layer}" if experiment.layer else "")),
        ("primary metric", f"{experiment.primary}, {experiment.direction} is good"),
        ("a user's window", f"{experiment.window_days:g} days"),
        ("planned for", f"{experiment.planned_users:,} users of two arms"),
        ("alpha", f"{experiment.alpha:g}"),
    ]
    return facts + ([("before", f"{experiment.pre_days:g} days taken out")] if experiment.pre_days else [])


def _arms(found: Analysis) -> list[list[str]]:
    rows = []
    for name, arm in found.experiment.arms.items():
        changed = ", ".join(f"{key} = {value}" for key, value in arm.settings.items()) or "as it is"
        rows.append([name, f"{arm.share:.1%}", f"{found.sizes.users[name]:,}", changed])
    return rows


def _ratio(sizes: Sizes) -> str:
    said = "does not fit the shares" if sizes.alarm else "fits the shares"
    return (
        f"The arms' sizes: {said}. p = {chance(sizes.last_p)}, valid at every look; below {ALARM:g} is an alarm. "
        f"(Pearson's chi-square of this one look: p = {chance(sizes.chi_square)}.)"
    )


def _sizes(sizes: Sizes, colours: dict[str, str]) -> Figure:
    series = [Series(arm, [float(n) for n in counts], colours[arm]) for arm, counts in sizes.counts.items()]
    counts = zip(*sizes.counts.values(), strict=True)
    rows = [
        [_moment(at), *(f"{n:,}" for n in each), chance(p)]
        for at, each, p in zip(sizes.times, counts, sizes.p, strict=True)
    ]
    return Figure(
        "Exposed users",
        "Users of each arm by their first exposure.",
        chart("Exposed users of each arm over time", sizes.times, series, share=False),
        ["until", *sizes.counts, "p of a mismatch"],
        rows,
    )


def _metrics(results: Sequence[Compared]) -> list[Row]:
    drawn = marks([_interval(each.last) for each in results])
    return [
        Row(each.metric, MEASURES[each.metric].meaning, each.arm, _cells(each.last), mark)
        for each, mark in zip(results, drawn, strict=True)
    ]


def _interval(look: Look | None) -> tuple[float, float, float]:
    return (-inf, 0.0, inf) if look is None else (look.relative_low, look.relative, look.relative_high)


def _cells(look: Look | None) -> list[str]:
    if look is None:
        return ["", "", "too few users", "", ""]
    interval = f"[{percent(look.relative_low)}, {percent(look.relative_high)}]" if look.judged else "not judged"
    return [level(look.control), level(look.treatment), percent(look.relative), interval, chance(look.p)]


def _over_time(found: Compared, experiment: Experiment, colours: dict[str, str], rail: Guarded | None) -> Figure:
    looks = found.looks
    band = [(look.relative_low, look.relative_high) for look in looks]
    series = [Series(found.arm, [look.relative for look in looks], colours[found.arm], band)]
    meaning = (
        f"Change of {MEASURES[found.metric].meaning}, {found.arm} against {experiment.control}. The band has held the "
        f"truth at all times at once with a chance of {1 - experiment.alpha / len(experiment.treatments):.1%} or more."
    )
    if rail is not None:
        sign = -1.0 if rail.guardrail.direction == "up" else 1.0
        series.append(Series("margin", [sign * rail.guardrail.margin] * len(looks), "currentColor", dashed=True))
        meaning += f" Dashed: the guardrail's margin; {rail.words()}."
    title = f"{found.metric} of {found.arm}"
    return Figure(
        title,
        meaning,
        chart(f"{title} against {experiment.control} over time", [look.at for look in looks], series, share=True),
        ["until", "users", experiment.control, found.arm, "change", "interval", "p"],
        [[_moment(look.at), f"{look.n_control + look.n_treatment:,}", *_cells(look)] for look in looks],
    )


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
