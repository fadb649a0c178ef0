"""Pass rates of a judged sample, as they are and corrected for the judge's error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intentrec.judge.config import JudgeConfig
from intentrec.judge.criteria import CRITERIA, Task
from intentrec.judge.outcome import GRADE, Outcome
from intentrec.judge.people import Pair, errors_of
from intentrec.judge.rates import JudgeErrors, Passed, Rate, corrected, passed_of, uncorrected

EVERYBODY = "all"


@dataclass(frozen=True)
class RateLine:
    """The pass rate of one task by one criterion.

    Attributes:
        writer: Which model wrote; "none" where none did, "all" for all outputs, each writer by its share.
        criterion: "grade" for the whole: no defect.
        judged: What the judge passes, with the error of sampling alone; None where nothing was judged.
        corrected: What people would pass, with the error of the judge and of the labels, too.
        why_not: Why there is no correction.
        errors: The judge on what people labelled.
    """

    task: str
    writer: str
    criterion: str
    n: int
    judged: Rate | None
    corrected: Rate | None
    why_not: str
    errors: JudgeErrors


def rate_lines(
    task: Task,
    outcomes: Sequence[Outcome],
    sizes: Mapping[str, int],
    pairs: Mapping[tuple[str, str], Sequence[Pair]],
    config: JudgeConfig,
) -> list[RateLine]:
    """A line for each criterion and the whole, over all writers and for each.

    Args:
        sizes: How many outputs each writer has in the whole table.
        pairs: What people and this judge both judged, by task and criterion.
    """
    names = [*(criterion.name for criterion in CRITERIA[task]), GRADE]
    lines = []
    for name in names:
        counts = _counts(outcomes, name)
        errors = errors_of(pairs.get((task, name), ()))
        groups = {EVERYBODY: counts} | ({w: {w: c} for w, c in counts.items()} if len(sizes) > 1 else {})
        lines += [_line(task, writer, name, group, sizes, errors, config) for writer, group in groups.items()]
    return lines


def _counts(outcomes: Sequence[Outcome], criterion: str) -> dict[str, tuple[int, int]]:
    """For each writer how many passed by a criterion, and how many were judged by it."""
    found: dict[str, tuple[int, int]] = {}
    for outcome in outcomes:
        passed = _passed(outcome, criterion)
        if passed is not None:
            n_passed, n = found.get(outcome.case.writer, (0, 0))
            found[outcome.case.writer] = (n_passed + passed, n + 1)
    return found


def _passed(outcome: Outcome, criterion: str) -> bool | None:
    if criterion == GRADE:
        return outcome.grade != "bad" if outcome.rulings else None
    return next((ruling.passed for ruling in outcome.rulings if ruling.criterion.name == criterion), None)


def _line(
    task: str,
    writer: str,
    criterion: str,
    counts: Mapping[str, tuple[int, int]],
    sizes: Mapping[str, int],
    errors: JudgeErrors,
    config: JudgeConfig,
) -> RateLine:
    n = sum(judged for _, judged in counts.values())
    if not n:
        return RateLine(task, writer, criterion, 0, None, None, "nothing was judged", errors)
    passed = passed_of(counts, sizes)
    rate, why_not = _corrected(passed, errors, config)
    return RateLine(task, writer, criterion, n, uncorrected(passed, config.confidence), rate, why_not, errors)


def _corrected(passed: Passed, errors: JudgeErrors, config: JudgeConfig) -> tuple[Rate | None, str]:
    least = config.least_labels
    if not errors.good + errors.bad:
        return None, "no labels"
    if min(errors.good, errors.bad) < least:
        return (
            None,
            f"labels: {errors.good} passing and {errors.bad} failing; judge.least_labels asks for {least} of each",
        )
    rate = corrected(passed, errors, config.confidence)
    return (rate, "") if rate else (None, "on the labels the judge is no better than chance")
