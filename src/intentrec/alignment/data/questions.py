"""What training data is made from: the questions of the stages, and what somebody wrote in answer to them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from intentrec.alignment.samples import Sample, compact
from intentrec.llm import Completion, Message, Request
from intentrec.llm.answers import misfit


class Question(Protocol):
    """A question exactly as a stage asks it."""

    @property
    def stage(self) -> str:
        """interests, tags or explanations."""
        ...

    @property
    def request(self) -> Request:
        """Its messages and the schema of its answer."""
        ...

    @property
    def user_id(self) -> str | None:
        """Whom it is about."""
        ...

    @property
    def item_id(self) -> str | None:
        """The item it is about."""
        ...

    @property
    def by_rules(self) -> tuple[str, ...]:
        """What the rules answer, compact JSON; empty where they have nothing to say."""
        ...

    @property
    def lessons(self) -> tuple[str, ...]:
        """Those answers of the rules that a model may learn."""
        ...


Q = TypeVar("Q", bound=Question)
A = TypeVar("A", bound=BaseModel)
Key = tuple[str, str | None, str | None, tuple[Message, ...]]


@dataclass(frozen=True)
class Written(Generic[Q]):
    """An answer to a question.

    Attributes:
        answer: Compact JSON that fits the question's schema.
        writer: The model that wrote it; "none" for rules.
        reasoning: Why, where the writer says so.
    """

    question: Q
    answer: str
    writer: str
    reasoning: str = ""


def written(question: Q, completion: Completion[A]) -> Written[Q] | None:
    """What a model answered, in the form that the question asks for.

    The model may have been asked in another form: with examples, or for a reason beside the answer. What the question
    has no place for and is text becomes the reasoning.

    Returns:
        None where there is no answer, or none that fits.
    """
    if completion.value is None:
        return None
    said, schema = completion.value.model_dump(mode="json"), question.request.answer_schema
    answer = {name: said[name] for name in schema["properties"] if name in said}
    if misfit(answer, schema):
        return None
    beside = (value for name, value in said.items() if name not in answer)
    reasons = [value.strip() for value in beside if isinstance(value, str) and value.strip()]
    return Written(question, compact(answer), completion.model, " ".join(reasons))


def fits(written: Written[Any]) -> bool:
    """Whether an answer is one that the question's schema lets through, in the one form that is trained on."""
    try:
        said = json.loads(written.answer)
    except ValueError:
        return False
    question: Question = written.question
    return not misfit(said, question.request.answer_schema) and compact(said) == written.answer


def key_of(question: Question) -> Key:
    """Equal for the same question about the same user and item."""
    return question.stage, question.user_id, question.item_id, question.request.messages


def sample_of(written: Written[Any], source: str, as_of: datetime, grade: str = "", rejected: str = "") -> Sample:
    """The sample that an answer makes."""
    question: Question = written.question
    return Sample(
        task=question.stage,
        source=source,
        writer=written.writer,
        messages=question.request.messages,
        answer=written.answer,
        as_of=as_of,
        prompt_version=question.request.prompt_version,
        rejected=rejected,
        reasoning=written.reasoning,
        grade=grade,
        user_id=question.user_id,
        item_id=question.item_id,
    )
