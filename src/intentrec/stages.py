"""What every stage returns: a typed table, what its gate refused, and counts for the run's report."""

from collections import Counter
from dataclasses import dataclass, field

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
