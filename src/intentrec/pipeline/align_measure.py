"""How good answers on held-out questions are: what the judge passes, and whether tags lead to what came next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from intentrec.alignment.gate import Figures
from intentrec.evaluation.tag_hits import hits_by_user
from intentrec.pipeline.align_judging import Examiner, value_of
from intentrec.pipeline.asking import Asked
from intentrec.tables import TAGS

PASS_RATE, _HIT_RATE = "pass rate", "HR@"


@dataclass(frozen=True)
class Later:
    """What happened after the questions were asked.

    Attributes:
        targets: user_id, item_id, timestamp, as in `Split.targets`.
        places: Tags looked at.
    """

    targets: pl.DataFrame
    catalogue: pl.DataFrame
    places: int

    @property
    def name(self) -> str:
        """Of the figure."""
        return f"{_HIT_RATE}{self.places}"


def figures_of(asked: Sequence[Asked], texts: Sequence[str | None], examiner: Examiner, later: Later) -> Figures:
    """The pass rate by held-out user (explanations: by item) and, of tags, whether the next item's category was hit.

    What was not answered, or cannot be read, does not pass and hits nothing.

    Args:
        asked: Held-out questions.
        texts: An answer to each.
        examiner: Says what passes.
        later: What came after the questions.
    """
    found: dict[str, dict[str, float]] = {PASS_RATE: pass_rates(asked, texts, examiner)}
    if asked and asked[0].stage == "tags":
        found[later.name] = hits(asked, texts, later)
    return found


def measured_of(card: Mapping[str, float]) -> dict[str, float]:
    """Of a card's figures those on held-out questions; the others tell of the training."""
    return {name: value for name, value in card.items() if name == PASS_RATE or name.startswith(_HIT_RATE)}


def pass_rates(asked: Sequence[Asked], texts: Sequence[str | None], examiner: Examiner) -> dict[str, float]:
    """For each user or item the mean over its questions of the share of an answer that the judge passes."""
    grades = examiner.grades([(one, text or "") for one, text in zip(asked, texts, strict=True)])
    shares: dict[str, list[float]] = {}
    for one, own in zip(asked, grades, strict=True):
        passed = sum(grade != "bad" for grade in own) / len(own) if own else 0.0
        shares.setdefault(unit_of(one), []).append(passed)
    return {unit: float(np.mean(own)) for unit, own in sorted(shares.items())}


def hits(asked: Sequence[Asked], texts: Sequence[str | None], later: Later) -> dict[str, float]:
    """For each user with a target whether the first tags lead to the next item's category (see `tag_hits`), 0 to 1."""
    tags = tags_as_written(asked, texts)
    users = sorted({one.user_id for one in asked if one.user_id})
    targets = later.targets.filter(pl.col("user_id").is_in(users))
    found = hits_by_user(tags, later.catalogue, targets, later.places)
    return dict(found.select("user_id", "first").iter_rows())


def tags_as_written(asked: Sequence[Asked], texts: Sequence[str | None]) -> pl.DataFrame:
    """Rows of `TAGS` of the answers that can be read, nothing refused and nothing added."""
    values = [(one, value_of(one, text or "")) for one, text in zip(asked, texts, strict=True)]
    return TAGS.rows(row for one, value in values if value is not None for row in one.rows(value, "none", ""))


def unit_of(asked: Asked) -> str:
    """What is resampled: the user, or the item where nobody is asked about."""
    return asked.user_id or asked.item_id or ""
