"""The judge held against the labelled outputs of the repository, and raters against each other."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from benchmarks.judge.by_writer import by_writer
from benchmarks.judge.samples import Labelled, Sample, label_row, read_labels
from intentrec.config import Config
from intentrec.judge.agreement import Rating, agreement
from intentrec.judge.checks import Standards
from intentrec.judge.criteria import TASKS, criteria_of
from intentrec.judge.judging import Judge
from intentrec.judge.outcome import GRADE, Outcome, verdict_rows
from intentrec.judge.people import Standing, pairs_of, standing_of
from intentrec.judge.rates import Rate
from intentrec.llm import LanguageModel
from intentrec.progress import Progress
from intentrec.tables import LABELS, VERDICTS
from intentrec.text.embeddings import open_embedder
from intentrec.text.wording import script_of

_CONFIDENCE = 0.95
_BRANDS = frozenset({"store brand", "national brand"})


def told(folder: Path, cache: Path, model: LanguageModel | None, progress: Progress) -> str:
    """Markdown: raters' agreement, what they pass of each writer, and how a judge stands against them."""
    samples = {s.case.key: s for task in TASKS for s in Labelled.read(folder, task).samples}
    rows = [row for row in read_labels(folder) if row["case_id"] in samples]
    labels = LABELS.rows(label_row(samples[row["case_id"]], row) for row in rows)
    judge = _judge(list(samples.values()), cache, model, progress)
    outcomes = judge.judge([sample.case for sample in samples.values()])
    lines = ["### Raters", "", *_raters(rows), "", "### Writers", "", *by_writer(list(samples.values()), labels)]
    lines += ["", f"### The judge ({judge.model_id}) against them"]
    for name, planted in (("written by rules and models", False), ("planted faults", True)):
        kept = [o for o, s in zip(outcomes, samples.values(), strict=True) if bool(s.planted) == planted]
        lines += ["", f"Outputs {name}:" if not planted else "Planted faults:", "", *_standings(kept, labels, judge)]
    return "\n".join(lines)


def _judge(samples: list[Sample], cache: Path, model: LanguageModel | None, progress: Progress) -> Judge:
    config = Config()
    texts = [text for sample in samples for text in (sample.case.text, sample.case.interest)]
    standards = Standards(
        judge=config.judge, interests=config.interests, tags=config.tags, explanations=config.explanations,
        language="en", brands=_BRANDS, scripts=frozenset(script_of(text) for text in texts if text.isascii()),
    )  # fmt: skip
    return Judge(standards, open_embedder(config.text, cache, progress), model, progress)


def _raters(rows: list[dict[str, str]]) -> Iterator[str]:
    yield "| task | criterion | raters | outputs | judged twice | alike | kappa or alpha |"
    yield "|---|---|---|---|---|---|---|"
    for task in TASKS:
        for criterion in criteria_of(task, "en"):
            mine = [r for r in rows if (r["task"], r["criterion"]) == (task, criterion.name)]
            found = agreement((Rating(r["case_id"], r["rater"], r["verdict"]) for r in mine), criterion.levels)
            cells = [task, criterion.name, found.raters, found.subjects, found.shared]
            cells += [_number(found.observed), _number(found.value)]
            yield "| " + " | ".join(map(str, cells)) + " |"


def _standings(outcomes: list[Outcome], labels: pl.DataFrame, judge: Judge) -> Iterator[str]:
    verdicts = verdict_rows(outcomes, judge.model_id) if outcomes else VERDICTS.empty()
    pairs = pairs_of(labels, verdicts, judge.model_id)
    yield "| task | criterion | outputs | raters pass | accuracy | precision | recall | F1 | kappa |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for task in TASKS:
        for name in [*(c.name for c in criteria_of(task, "en")), GRADE]:
            own = pairs.get((task, name), [])
            if own:
                share = sum(pair.person for pair in own) / len(own)
                yield _row(standing_of(task, name, own, _CONFIDENCE), share)


def _row(found: Standing, share: float) -> str:
    figures = [_rate(found.figures[name]) for name in ("accuracy", "precision", "recall", "f1", "kappa")]
    return "| " + " | ".join([found.task, found.criterion, f"{found.n}", f"{share:.2f}", *figures]) + " |"


def _rate(rate: Rate | None) -> str:
    return "" if rate is None else f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
