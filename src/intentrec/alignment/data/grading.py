"""What the judge lets through: grades of answers, and the best of several to one question."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from intentrec.alignment.data.questions import Key, Q, Written, fits, key_of
from intentrec.alignment.samples import Sample

Grader = Callable[[list[tuple[Q, str]]], Sequence[str | None]]
"""Grades of answers (bad, average or superior) in their order; None for one that cannot be judged."""
PASSES = frozenset({"average", "superior"})
UNJUDGED = ""
_RANKS = {"bad": 0, UNJUDGED: 1, "average": 1, "superior": 2}


@dataclass(frozen=True)
class Made:
    """Samples, and counts for the report, e.g. {"teacher: passed": 80, "teacher: refused": 12}."""

    samples: list[Sample]
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Graded(Generic[Q]):
    """An answer with its grade.

    Attributes:
        source: Where it comes from: rules, teacher or self.
        grade: "" where nobody judged, None where it cannot be judged.
        times: How often it was given.
    """

    written: Written[Q]
    source: str
    grade: str | None
    times: int = 1

    @property
    def passed(self) -> bool:
        """Whether it may be learned."""
        return self.grade in PASSES or self.grade == UNJUDGED

    @property
    def rank(self) -> int:
        """Higher is better; only of one that could be judged."""
        return _RANKS[self.grade or UNJUDGED]


def graded(given: Iterable[tuple[str, Written[Q]]], grade: Grader[Q] | None) -> list[Graded[Q]]:
    """Answers with their grades in the order in which they came, equal ones to one question once.

    What does not fit its question is judged by nobody and passes nowhere.

    Args:
        given: Source and answer.
        grade: None judges nothing, and everything passes.
    """
    first: dict[tuple[Key, str], tuple[str, Written[Q]]] = {}
    times: Counter[tuple[Key, str]] = Counter()
    for source, written in given:
        place = (key_of(written.question), written.answer)
        first.setdefault(place, (source, written))
        times[place] += 1
    places = [place for place, (_, written) in first.items() if fits(written)]
    asked = [(first[place][1].question, first[place][1].answer) for place in places]
    grades = [UNJUDGED for _ in asked] if grade is None else grade(asked)
    verdicts = dict(zip(places, grades, strict=True))
    return [Graded(written, source, verdicts.get(place), times[place]) for place, (source, written) in first.items()]


def by_question(answers: Iterable[Graded[Q]], sources: Sequence[str]) -> list[list[Graded[Q]]]:
    """The answers to each question, the best first: by grade, by source, by how often, then by a hash.

    Args:
        sources: The sources, the one that is preferred first.
    """
    groups: dict[Key, list[Graded[Q]]] = {}
    for answer in answers:
        groups.setdefault(key_of(answer.written.question), []).append(answer)

    def place(answer: Graded[Q]) -> tuple[int, int, int, bytes]:
        return -answer.rank, sources.index(answer.source), -answer.times, _draw(answer)

    return [sorted(group, key=place) for group in groups.values()]


def counted(answers: Iterable[Graded[Q]]) -> Counter[str]:
    """How many passed and how many did not, by source."""
    return Counter(f"{answer.source}: {'passed' if answer.passed else 'refused'}" for answer in answers)


def _draw(answer: Graded[Q]) -> bytes:
    # Rules put their most telling sentence first: by place every explanation would open in the same words.
    question = answer.written.question
    said = "\0".join([question.user_id or "", question.item_id or "", answer.written.answer])
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()
