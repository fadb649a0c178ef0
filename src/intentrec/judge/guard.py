"""Whether a model judges at all: it must catch faults that were planted, before anything it says is stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from intentrec.errors import LLMAnswerError
from intentrec.judge.asking import Heard
from intentrec.judge.cases import Case
from intentrec.judge.config import JudgeConfig
from intentrec.judge.criteria import criteria_of
from intentrec.judge.judging import Judge
from intentrec.judge.planted import Planted, drawn, plants
from intentrec.judge.questions import Question


@dataclass(frozen=True)
class Caught:
    """How many planted faults of one kind were caught."""

    task: str
    kind: str
    shown: int
    caught: int


def plants_for(good: Sequence[Case], n_judged: int, judge: Judge) -> list[Planted]:
    """Faults planted in good outputs of one task, as many as the settings ask for beside `n_judged` outputs."""
    config = judge.standards.judge
    n = max(config.least_planted, ceil(config.planted_share * n_judged))
    return drawn(plants(good, judge.standards), n)


def caught_by_rules(planted: Sequence[Planted], judge: Judge) -> list[Caught]:
    """What the rules catch of them."""
    faults = judge.faults([plant.case for plant in planted])
    return _counted(
        planted, [bool(plant.criteria & found.keys()) for plant, found in zip(planted, faults, strict=True)]
    )


def caught_by_model(planted: Sequence[Planted], judge: Judge) -> list[Caught]:
    """What the model catches of them when it is asked by the criteria that they offend against, without the rules."""
    questions = [_questions(plant, judge.standards.language) for plant in planted]
    heard = iter(judge.hear([question for asked in questions for question in asked]))
    caught = [[_fails(question, next(heard)) for question in asked] for asked in questions]
    return _counted(planted, [any(fails) for fails in caught])


def _questions(plant: Planted, language: str) -> list[Question]:
    criteria = criteria_of(plant.case.task, language)
    return [Question(plant.case, criterion) for criterion in criteria if criterion.name in plant.criteria]


def _fails(question: Question, said: Heard | None) -> bool:
    return said is not None and said.verdict not in question.criterion.passes


def _counted(planted: Sequence[Planted], caught: Sequence[bool]) -> list[Caught]:
    shown = Counter((plant.case.task, plant.kind) for plant in planted)
    found = Counter((p.case.task, p.kind) for p, is_caught in zip(planted, caught, strict=True) if is_caught)
    return [Caught(task, kind, n, found[(task, kind)]) for (task, kind), n in sorted(shown.items())]


def must_catch(found: Sequence[Caught], model: str, config: JudgeConfig) -> None:
    """Stop where a model lets too many planted faults pass.

    Raises:
        LLMAnswerError: With what it let pass, and what to do about it.
    """
    shown, caught = sum(one.shown for one in found), sum(one.caught for one in found)
    if not shown or caught / shown >= config.least_caught:
        return
    missed = ", ".join(f"{one.kind} {one.shown - one.caught} of {one.shown}" for one in found if one.caught < one.shown)
    raise LLMAnswerError(
        f"{model} is no judge of {found[0].task}s: it let {shown - caught} of {shown} planted faults pass ({missed}), "
        f"and judge.least_caught is {config.least_caught:g}. Nothing it said was stored. Take another model, "
        'or judge by rules alone: judge.mode = "rules".'
    )
