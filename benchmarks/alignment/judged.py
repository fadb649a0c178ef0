"""Answers of a writer to fixed questions, and what the judge says of them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from benchmarks.alignment.faults import faults_of
from benchmarks.alignment.shops import Shop
from benchmarks.alignment.tag_figures import tag_figures
from benchmarks.alignment.writers import Writer
from intentrec.alignment.data.mixing import is_item_held_out
from intentrec.evaluation.significance import compare, interval, resampled_means
from intentrec.llm import LanguageModel
from intentrec.llm.config import Stage
from intentrec.pipeline.align_judging import Examiner, open_examiner
from intentrec.pipeline.align_measure import PASS_RATE, Later, figures_of
from intentrec.pipeline.align_writers import answers, open_writer
from intentrec.pipeline.asking import Asked, Asking, Form
from intentrec.progress import Progress

SAMPLES, CONFIDENCE = 2000, 0.95
PLACES = 30


@dataclass(frozen=True)
class Line:
    """A figure of a writer on one stage.

    Attributes:
        by_unit: The figure of each user, of explanations of each item: what is resampled.
        outputs: What was judged; an answer may hold several.
        faults: Outputs by the fault that rules find in them.
    """

    shop: str
    stage: Stage
    writer: str
    figure: str
    questions: int
    answered: int
    by_unit: dict[str, float]
    outputs: int
    faults: dict[str, int]

    @property
    def value(self) -> float:
        """The mean over units."""
        return float(np.mean(list(self.by_unit.values()))) if self.by_unit else float("nan")

    def interval(self) -> tuple[float, float]:
        """Bootstrap over units."""
        values = np.array([[value] for value in self.by_unit.values()])
        low, high = interval(resampled_means(values, SAMPLES, np.random.default_rng(0)), CONFIDENCE)
        return float(low[0]), float(high[0])

    def against(self, other: "Line") -> tuple[float, float, float]:
        """Ratio to another writer on the units of both, and the interval of the difference."""
        both = sorted(self.by_unit.keys() & other.by_unit.keys())
        values = np.array([[self.by_unit[unit], other.by_unit[unit]] for unit in both])
        means = resampled_means(values, SAMPLES, np.random.default_rng(0))
        found = compare(values[:, 0], values[:, 1], means[:, 0], means[:, 1], CONFIDENCE)
        below = float(values[:, 1].mean())
        return (float(values[:, 0].mean()) / below if below else float("inf")), found.low, found.high


def asking_of(shop: Shop, users: int, progress: Progress) -> Asking:
    """The questions of the first users."""
    return Asking.prepare(shop.tools(progress), shop.inputs, shop.users[:users])


def lines(
    shop: Shop, asking: Asking, stage: Stage, chosen: Sequence[Writer], questions: int, progress: Progress
) -> list[Line]:
    """Figures of every writer on the first questions of a stage that all forms ask."""
    asked = shared_questions(shop, asking, stage, chosen)
    later = Later(shop.targets, asking.catalogue, PLACES)
    found = []
    with open_examiner(shop.workspace, shop.config, asking, progress) as examiner:
        for writer in chosen:
            if writer.writes(stage):
                found += _lines(shop, writer, asked[writer.form][:questions], examiner, later, progress)
    return found


def shared_questions(shop: Shop, asking: Asking, stage: Stage, chosen: Sequence[Writer]) -> dict[Form, list[Asked]]:
    """The questions of a stage that all forms of the writers ask, in each form."""
    forms = sorted({writer.form for writer in chosen})
    asked = {form: _held_out(shop, asking.asked(stage, form)) for form in forms}
    common = set.intersection(*({_about(one) for one in found} for found in asked.values()))
    return {form: [one for one in found if _about(one) in common] for form, found in asked.items()}


def _lines(
    shop: Shop, writer: Writer, asked: Sequence[Asked], examiner: Examiner, later: Later, progress: Progress
) -> list[Line]:
    texts = texts_of(shop, writer, asked, progress)
    stage = asked[0].stage
    answered = sum(text is not None for text in texts)
    figures = dict(figures_of(asked, texts, examiner, later))
    if stage == "tags":
        figures |= tag_figures(asked, texts, later, shop.tools(progress).embedder)
    outputs, faults = faults_of(asked, texts, examiner)
    names = [name for name in figures if name == PASS_RATE or figures[name]]
    return [
        Line(shop.name, stage, writer.name, name, len(asked), answered, dict(figures[name]), outputs, dict(faults))
        for name in names
    ]


def texts_of(shop: Shop, writer: Writer, asked: Sequence[Asked], progress: Progress) -> list[str | None]:
    """A writer's answer to each question; None where none came that fits."""
    if writer.llm is None:
        return [one.by_rules[0] if one.by_rules else None for one in asked]
    with opened(shop, writer, asked[0].stage) as model:
        return answers(model, asked, progress)


def opened(shop: Shop, writer: Writer, stage: Stage) -> AbstractContextManager[LanguageModel]:
    """A writer's model with its adapter for the stage; closed at the end."""
    assert writer.llm is not None
    own = (writer.adapters or {}).get(stage)
    return open_writer(shop.workspace, writer.llm, None if own is None else (stage, own))


def _held_out(shop: Shop, asked: Sequence[Asked]) -> list[Asked]:
    """Without items that models are trained on; such users are none of the shop's already."""
    data = shop.config.alignment.data
    return [one for one in asked if one.user_id or is_item_held_out(one.item_id or "", data)]


def _about(asked: Asked) -> tuple[object, ...]:
    """What a question is about, whatever its form: the rules' answer tells the interests of a user apart."""
    return asked.user_id, asked.item_id, asked.by_rules[:1]
