"""Samples for tags whose right answer is what the user touched next."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.grading import Made
from intentrec.alignment.data.incremental.window import Window
from intentrec.alignment.data.incremental.wishes import wishes
from intentrec.alignment.data.questions import Question, Written, fits, sample_of
from intentrec.alignment.samples import compact
from intentrec.text.wording import same_words


class TagQuestion(Question, Protocol):
    """A question for tags of one interest of a user."""

    @property
    def answer_type(self) -> type[BaseModel]:
        """What an answer is read as."""
        ...

    @property
    def rows(self) -> Callable[[BaseModel, str, str], Sequence[Mapping[str, object]]]:
        """From an answer, the model and its prompt version to rows of `TAGS`."""
        ...


T = TypeVar("T", bound=TagQuestion)


def incremental(questions: Sequence[T], window: Window, config: AlignmentDataConfig) -> Made:
    """For each question what the user touched next in the interest; the rules' tags fill it up.

    Args:
        questions: For tags, as of the start of the window, with a list `tags` of a fixed length to fill.
        window: The days that are learned from.
        config: What is let through, and how much of it.
    """
    found, refused = wishes(window, config)
    phrases: dict[tuple[str, str], list[str]] = {}
    for wish in found:
        phrases.setdefault((wish.user_id, wish.interest_id), []).append(wish.phrase)
    users = {user_id for user_id, _ in phrases}
    asked = {_about(question): question for question in questions if question.user_id in users}
    counts = Counter({f"behaviour: {word}": n for word, n in refused.items()})
    counts["behaviour: not asked"] = sum(len(own) for key, own in phrases.items() if key not in asked)
    samples = []
    for key in (key for key in phrases if key in asked):
        answers = list(_answers(asked[key], phrases[key]))
        counts["behaviour: learned"] += sum(n for n, _ in answers)
        counts["behaviour: too few"] += len(phrases[key]) - sum(n for n, _ in answers)
        samples += [sample_of(written, "behaviour", window.start) for _, written in answers]
    return Made(samples, +counts)


def _about(question: TagQuestion) -> tuple[str, str]:
    """User and interest; what the stage would store of any answer names both."""
    stored = question.rows(question.answer_type.model_validate({"tags": ["-"]}), "none", "")[0]
    return str(stored["user_id"]), str(stored["interest_id"])


def _answers(question: T, phrases: Sequence[str]) -> Iterator[tuple[int, Written[T]]]:
    """Answers of the length that is asked for, each with the number of phrases that are behaviour."""
    n = int(_bounds(question)["minItems"])
    for real in _batches(phrases, n):
        tags = list(real)
        for tag in _ruled(question):
            if len(tags) < n and not any(same_words(tag, other) for other in (*tags, *phrases)):
                tags.append(tag)
        written = Written(question, compact({"tags": tags}), "none")
        if fits(written):
            yield len(real), written


def _ruled(question: Question) -> list[str]:
    return [tag for said in question.by_rules for tag in json.loads(said)["tags"]]


def _bounds(question: Question) -> Mapping[str, Any]:
    bounds: Mapping[str, Any] = question.request.answer_schema["properties"]["tags"]
    return bounds


def _batches(phrases: Sequence[str], n: int) -> Iterator[Sequence[str]]:
    return (phrases[start : start + n] for start in range(0, len(phrases), n))
