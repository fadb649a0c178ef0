"""What every stage returns: a typed table, what its gate refused, and counts for the run's report."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from intentrec.tables import REJECTIONS


@dataclass(frozen=True)
class StageResult:
    """The outcome of one stage.

    Attributes:
        table: Rows of the stage's own table, in key order.
        rejections: Rows of `REJECTIONS`.
        counts: What the run's report shows, e.g. {"written:SmolLM2-135M": 120, "rejected:copies-title": 31}.
    """

    table: pl.DataFrame
    rejections: pl.DataFrame = field(default_factory=REJECTIONS.empty)
    counts: Counter[str] = field(default_factory=Counter)


class Refusals:
    """What a stage's gate let pass and what it refused, on its way into `StageResult`."""

    def __init__(self, stage: str, as_of: datetime) -> None:
        self.counts: Counter[str] = Counter()
        self._common = {"stage": stage, "as_of": as_of}
        self._rows: list[dict[str, object]] = []

    def passed(self, model: str, n: int = 1) -> None:
        """Count outputs of a model ("none" for rules) that stand in the table."""
        self.counts[f"passed:{model}"] += n

    def refuse(self, subject: str, reason: str, output: str, model: str, prompt_version: str) -> None:
        """Keep one refused output of a model, cut to 2,000 characters."""
        self.counts[f"rejected:{reason}"] += 1
        said = {"subject": subject, "reason": reason, "output": output[:2000]}
        self._rows.append(self._common | said | {"model": model, "prompt_version": prompt_version})

    def frame(self) -> pl.DataFrame:
        """Rows of `REJECTIONS` in the order they came."""
        return REJECTIONS.rows(self._rows)
