"""Whether a model judges at all: it must catch faults that were planted, before anything it says is stored."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
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
    """How many planted faults of one kind were caught, and how many of the outputs they were planted in were refused.

    A judge that refuses whatever it sees catches everything: what counts is that it can tell the two apart.
    """

    task: str
    kind: str
    shown: int
    caught: int
    refused: int


def plants_for(good: Sequence[Case], n_judged: int, judge: Judge) -> list[Planted]:
    """Faults planted in good outputs of one task, as many as the settings ask for beside `n_judged` outputs."""
    config = judge.standards.judge
    n = max(config.least_planted, ceil(config.planted_share * n_judged))
    return drawn(plants(good, judge.standards), n)


def caught_by_rules(planted: Sequence[Planted], judge: Judge) -> list[Caught]:
    """What the rules catch of them."""
    faults = judge.faults([plant.case for plant in planted])
    before = judge.faults([plant.original for plant in planted])
    caught = [bool(plant.criteria & found.keys()) for plant, found in zip(planted, faults, strict=True)]
    refused = [bool(plant.criteria & found.keys()) for plant, found in zip(planted, before, strict=True)]
    return _counted(planted, caught, refused)


def caught_by_model(planted: Sequence[Planted], judge: Judge) -> list[Caught]:
    """What the model catches of them when it is asked by the criteria that they offend against, without the rules."""
    language = judge.standards.language
    with_fault = [_questions(plant.case, plant.criteria, language) for plant in planted]
    without = [_questions(plant.original, plant.criteria, language) for plant in planted]
    questions = [question for asked in (*with_fault, *without) for question in asked]
    failed = iter([_fails(question, said) for question, said in zip(questions, judge.hear(questions), strict=True)])
    fails = [any(list(islice(failed, len(asked)))) for asked in (*with_fault, *without)]
    return _counted(planted, fails[: len(planted)], fails[len(planted) :])


def _questions(case: Case, criteria: Collection[str], language: str) -> list[Question]:
    return [Question(case, criterion) for criterion in criteria_of(case.task, language) if criterion.name in criteria]


def _fails(question: Question, said: Heard | None) -> bool:
    return said is not None and said.verdict not in question.criterion.passes


def _counted(planted: Sequence[Planted], caught: Sequence[bool], refused: Sequence[bool]) -> list[Caught]:
    kinds = [(plant.case.task, plant.kind) for plant in planted]
    n_caught, n_refused = (
        Counter(kind for kind, fails in zip(kinds, found, strict=True) if fails) for found in (caught, refused)
    )
    return [Caught(*kind, n, n_caught[kind], n_refused[kind]) for kind, n in sorted(Counter(kinds).items())]


def must_catch(found: Sequence[Caught], model: str, config: JudgeConfig) -> None:
    """Stop where a model lets too many planted faults pass, or refuses what they were planted in as well.

    Raises:
        LLMAnswerError: With what it did, and what to do about it.
    """
    shown, caught, refused = (sum(getattr(one, name) for one in found) for name in ("shown", "caught", "refused"))
    if not shown:
        return
    if caught / shown < config.least_caught:
        missed = ", ".join(f"{one.kind} {one.shown - one.caught} of {one.shown}" for one in found if _missed(one))
        told = f"it let {shown - caught} of {shown} planted faults pass ({missed})"
        raise _no_judge(model, found[0].task, told, f"judge.least_caught is {config.least_caught:g}")
    if (caught - refused) / shown < config.least_told_apart:
        told = f"it refused {caught} of {shown} planted faults, and {refused} of the {shown} outputs without them, too"
        raise _no_judge(model, found[0].task, told, f"judge.least_told_apart is {config.least_told_apart:g}")


def _missed(one: Caught) -> bool:
    return one.caught < one.shown


def _no_judge(model: str, task: str, told: str, bound: str) -> LLMAnswerError:
    return LLMAnswerError(
        f"{model} is no judge of {task}s: {told}, and {bound}. Nothing it said was stored. Take another model, or "
        'judge by rules alone: judge.mode = "rules".'
    )
