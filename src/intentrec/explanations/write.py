"""Stage 5: why an item fits an interest, written ahead of time (RecGPT-V1, section 2.4)."""

from collections.abc import Collection
from datetime import datetime

import polars as pl

from intentrec.explanations.choosing import choose
from intentrec.explanations.composing import compose
from intentrec.explanations.config import ExplanationsConfig
from intentrec.explanations.gate import rests_on
from intentrec.explanations.pairs import STAGE, Desk, Form, Pair, Written
from intentrec.explanations.rules import rule_reason
from intentrec.llm.model import LanguageModel
from intentrec.progress import SILENT, Progress
from intentrec.stages import Refusals, StageResult
from intentrec.tables import EXPLANATIONS
from intentrec.text.wording import month_name


def write_explanations(
    pairs: pl.DataFrame,
    catalogue: pl.DataFrame,
    config: ExplanationsConfig,
    language: str,
    as_of: datetime,
    model: LanguageModel | None = None,
    progress: Progress = SILENT,
    brands: Collection[str] = (),
) -> StageResult:
    """One sentence for each pair; where no model wrote or chose one that passes the gate, that of the rules.

    Args:
        pairs: interest, item_id, n (how often the pair is needed); an item outside the catalogue is left out.
        catalogue: `CATALOGUE`.
        config: Bounds and word lists.
        language: "en" or "ru".
        as_of: Time of the run; prompts hold its month only.
        model: Writes the sentences, or chooses them where it is small; None leaves everything to the rules.
        progress: Where the model's progress is shown.
        brands: Names that only an item which has them may be given.

    Returns:
        A table of `EXPLANATIONS` in key order, what the gate refused, and counts "passed:<model>" and
        "rejected:<reason>".
    """
    refusals = Refusals(STAGE, as_of)
    known = known_pairs(pairs, catalogue)
    written: dict[Pair, Written] = {}
    if model is not None:
        asked = known[: config.max_pairs] if config.max_pairs else known
        desk = Desk(model, config, language, month_name(as_of, language), brands, refusals, progress)
        form = form_for(config, model)
        written = choose(asked, desk) if form == "choosing" else compose(asked, desk, form)
    rows = [explanation_row(pair, written.get(pair) or _by_rule(pair, language), as_of) for pair in known]
    for row in rows:
        refusals.passed(str(row["model"]))
    table = EXPLANATIONS.rows(rows).sort("interest", "item_id")
    return StageResult(table, refusals.frame(), refusals.counts)


def known_pairs(pairs: pl.DataFrame, catalogue: pl.DataFrame) -> list[Pair]:
    """Distinct pairs with items of the catalogue, those needed most often first."""
    ordered = (
        pairs.group_by("interest", "item_id")
        .agg(pl.col("n").sum())
        .join(catalogue.select("item_id", "name", "phrase", "category"), on="item_id", how="inner")
        .sort("n", "interest", "item_id", descending=[True, False, False])
    )
    return [Pair(*row) for row in ordered.select("interest", "item_id", "name", "phrase", "category").iter_rows()]


def form_for(config: ExplanationsConfig, model: LanguageModel) -> Form:
    """How a model is asked; see `ExplanationsConfig.mode`."""
    if config.mode == "auto":
        small = bool(getattr(model, "small", False))
        return "tuned" if STAGE in getattr(model, "tuned", ()) else "choosing" if small else "writing"
    forms: dict[str, Form] = {"compose": "writing", "choose": "choosing", "tuned": "tuned"}
    return forms[config.mode]


def _by_rule(pair: Pair, language: str) -> Written:
    return rule_reason(pair.interest, pair.name, language), "none", "rules"


def explanation_row(pair: Pair, written: Written, as_of: datetime) -> dict[str, object]:
    """The pair with its sentence as a row of `EXPLANATIONS`."""
    text, model, prompt_version = written
    return {
        "interest": pair.interest,
        "item_id": pair.item_id,
        "text": text,
        "evidence": rests_on(text, " ".join((*pair.facts, pair.interest))),
        "verdict": "pass",
        "as_of": as_of,
        "model": model,
        "prompt_version": prompt_version,
    }
