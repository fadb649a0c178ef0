"""Stage 5: why an item fits an interest, written ahead of time (RecGPT-V1, section 2.4)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from pydantic import BaseModel

from intentrec.explanations.config import ExplanationsConfig
from intentrec.explanations.gate import refuse_text, rests_on
from intentrec.explanations.rules import rule_reason
from intentrec.llm.messages import Completion, Request
from intentrec.llm.model import LanguageModel
from intentrec.llm.prompts import Prompt
from intentrec.progress import SILENT, Progress
from intentrec.stages import Refusals, StageResult
from intentrec.tables import EXPLANATIONS
from intentrec.text.wording import month_name

_STAGE = "explanations"
_TEXT_LENGTH = 100
_SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "maxLength": _TEXT_LENGTH}},
    "required": ["text"],
    "additionalProperties": False,
}
_MAX_TOKENS = 16 + _TEXT_LENGTH // 2


Written = tuple[str, str, str]  # text, model, prompt version


class Sentence(BaseModel):
    """What a model answers."""

    text: str


@dataclass(frozen=True)
class Pair:
    """An interest and an item that share a category."""

    interest: str
    item_id: str
    name: str
    phrase: str
    category: str

    @property
    def facts(self) -> tuple[str, str, str]:
        """All that is known about the item."""
        return self.name, self.phrase, self.category


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
    """One sentence for each pair; where no model wrote one that passes the gate, that of the rules.

    Args:
        pairs: interest, item_id, n (how often the pair is needed); an item outside the catalogue is left out.
        catalogue: `CATALOGUE`.
        config: Bounds and word lists.
        language: "en" or "ru".
        as_of: Time of the run; prompts hold its month only.
        model: Writes the sentences; None leaves everything to the rules.
        progress: Where the model's progress is shown.
        brands: Names that only an item which has them may be given.

    Returns:
        A table of `EXPLANATIONS` in key order, what the gate refused, and counts "passed:<model>" and
        "rejected:<reason>".
    """
    refusals = Refusals(_STAGE, as_of)
    known = _known(pairs, catalogue)
    written: dict[Pair, Written] = {}
    if model is not None:
        asked = known[: config.max_pairs] if config.max_pairs else known
        prompt = Prompt.load("intentrec.explanations", "explain", language)
        month = month_name(as_of, language)
        completions = model.complete([_request(pair, prompt, month) for pair in asked], Sentence, progress)
        for pair, completion in zip(asked, completions, strict=True):
            text = _judged(pair, completion, brands, config, language, refusals)
            if text is not None:
                written[pair] = (text, completion.model, prompt.version)
    rows = [_row(pair, written.get(pair) or _by_rule(pair, language), as_of) for pair in known]
    for row in rows:
        refusals.passed(str(row["model"]))
    table = EXPLANATIONS.rows(rows).sort("interest", "item_id")
    return StageResult(table, refusals.frame(), refusals.counts)


def _known(pairs: pl.DataFrame, catalogue: pl.DataFrame) -> list[Pair]:
    """Distinct pairs with items of the catalogue, those needed most often first."""
    ordered = (
        pairs.group_by("interest", "item_id")
        .agg(pl.col("n").sum())
        .join(catalogue.select("item_id", "name", "phrase", "category"), on="item_id", how="inner")
        .sort("n", "interest", "item_id", descending=[True, False, False])
    )
    return [Pair(*row) for row in ordered.select("interest", "item_id", "name", "phrase", "category").iter_rows()]


def _request(pair: Pair, prompt: Prompt, month: str) -> Request:
    return Request(
        stage=_STAGE,
        subject=pair.item_id,
        prompt_version=prompt.version,
        messages=prompt.render(month=month, interest=pair.interest, name=pair.name, category=pair.category),
        answer_schema=_SCHEMA,
        max_tokens=_MAX_TOKENS,
    )


def _judged(
    pair: Pair,
    completion: Completion[Sentence],
    brands: Collection[str],
    config: ExplanationsConfig,
    language: str,
    refusals: Refusals,
) -> str | None:
    """The sentence where it passes; else None, and the reason is kept."""
    if completion.value is None:
        word, said = (completion.error or "refused").partition(":")[0], completion.error or ""
    else:
        said = completion.value.text.strip()
        word = refuse_text(said, pair.interest, pair.facts, brands, config, language) or ""
        if not word:
            return said
    if word != "dry-run":
        refusals.refuse(pair.item_id, word, said, completion.model, completion.request.prompt_version)
    return None


def _by_rule(pair: Pair, language: str) -> Written:
    return rule_reason(pair.interest, pair.name, language), "none", "rules"


def _row(pair: Pair, written: Written, as_of: datetime) -> dict[str, object]:
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
