"""What became of a case: a ruling by each criterion, and the grade of the whole (RecGPT-V2, section 5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from intentrec.judge.cases import Case
from intentrec.judge.criteria import Criterion
from intentrec.tables import VERDICTS

Grade = Literal["bad", "average", "superior"]
DecidedBy = Literal["rule", "model", "unquoted"]
GRADE = "grade"
RULES = "rules"


@dataclass(frozen=True)
class Ruling:
    """The verdict by one criterion.

    Attributes:
        decided_by: rule (it found a fault, or none and nobody was asked), model, or unquoted: a model whose quote
            stands nowhere in what it was shown.
        fault: The rule that found the fault; "" where none did.
        quote: The words that decided, "" where there are none.
    """

    criterion: Criterion
    verdict: str
    decided_by: DecidedBy
    fault: str = ""
    quote: str = ""
    prompt_version: str = RULES

    @property
    def passed(self) -> bool:
        """Whether the case passes by this criterion."""
        return self.verdict in self.criterion.passes


@dataclass(frozen=True)
class Outcome:
    """All rulings on one case.

    Attributes:
        rulings: One for each criterion that could be judged, in their order.
        grade: See `grade_of`.
    """

    case: Case
    rulings: tuple[Ruling, ...]
    grade: Grade


def grade_of(rulings: Sequence[Ruling], superior_share: float) -> Grade:
    """Bad with any defect; else superior where it shines in at least this share of what it can shine in.

    A defect is a ruling that does not pass by a criterion that is no merit. Where a task leaves nothing to shine in,
    nothing says that an output is more than average.
    """
    if any(not ruling.passed and not ruling.criterion.merit for ruling in rulings):
        return "bad"
    shining = [ruling.verdict == ruling.criterion.levels[-1] for ruling in rulings if ruling.criterion.shines]
    return "superior" if shining and sum(shining) >= superior_share * len(shining) else "average"


def verdict_rows(outcomes: Iterable[Outcome], model: str) -> pl.DataFrame:
    """Rows of `VERDICTS`.

    Args:
        model: Which model the judge asked; "none" for rules alone.
    """
    return VERDICTS.rows(row for outcome in outcomes for row in _rows(outcome, model))


def _rows(outcome: Outcome, model: str) -> list[dict[str, object]]:
    case = outcome.case
    common = {
        "task": case.task,
        "case_id": case.key,
        "user_id": case.user_id,
        "item_id": case.item_id,
        "interest": case.interest,
        "text": case.text,
        "writer": case.writer,
        "as_of": case.as_of,
        "model": model,
    }
    rows = [common | _said(ruling) for ruling in outcome.rulings]
    whole = {"criterion": GRADE, "verdict": outcome.grade, "passed": outcome.grade != "bad", "decided_by": "all"}
    return [*rows, common | whole | {"prompt_version": RULES}]


def _said(ruling: Ruling) -> dict[str, object]:
    return {
        "criterion": ruling.criterion.name,
        "verdict": ruling.verdict,
        "passed": ruling.passed,
        "decided_by": ruling.decided_by,
        "fault": ruling.fault or None,
        "quote": ruling.quote or None,
        "prompt_version": ruling.prompt_version,
    }
