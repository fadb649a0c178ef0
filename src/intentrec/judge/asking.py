"""Asking the model: one case and one criterion at a time, so that no verdict rubs off on the next.

RecGPT-V2, section 5: one evaluator a criterion.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from pydantic import BaseModel

from intentrec.judge.questions import YES_NO, Question, request_of
from intentrec.judge.showing import is_quoted
from intentrec.llm.messages import Completion, Message, Request
from intentrec.llm.model import LanguageModel
from intentrec.progress import SILENT, Progress

_AGAIN = (
    'The words of "quote" do not stand in what was shown. Answer again in the same form, and copy the quote word for '
    "word from the text between « and »."
)


class Quoted(BaseModel):
    """The words that decide, then the verdict."""

    quote: str
    verdict: str


class YesNo(BaseModel):
    """Whether the criterion holds, in the language of the prompt."""

    answer: str


@dataclass(frozen=True)
class Heard:
    """What the model said to a question.

    Attributes:
        verdict: One of the criterion's levels.
        quote: Words of what was shown; "" where it gave none, or none that stand there.
        is_quoted: Whether it was asked for a quote and gave a true one.
    """

    verdict: str
    quote: str
    is_quoted: bool
    prompt_version: str


def ask(
    questions: Sequence[Question], model: LanguageModel, language: str, limit: int, progress: Progress = SILENT
) -> list[Heard | None]:
    """The model's verdicts in the order of the questions; None where it gave no right answer.

    Questions are put in the order of a hash, so that a budget that ends early has judged all criteria alike.

    Args:
        limit: Lines of evidence, history or facts that are shown.
    """
    order = sorted(range(len(questions)), key=lambda place: sha256(questions[place].salt.encode()).digest())
    asked = [questions[place] for place in order]
    answer = _yes_or_no if getattr(model, "small", False) else _with_quotes
    heard = dict(zip(order, answer(asked, model, language, limit, progress), strict=True))
    return [heard[place] for place in range(len(questions))]


def _with_quotes(
    questions: Sequence[Question], model: LanguageModel, language: str, limit: int, progress: Progress
) -> Iterator[Heard | None]:
    requests = [request_of(question, language, limit, small=False) for question in questions]
    first = model.complete(requests, Quoted, progress)
    wrong = [place for place, said in enumerate(first) if said.value and not _stands(said)]
    second = model.complete([_repair(first[place]) for place in wrong], Quoted, progress) if wrong else []
    repaired = {place: said for place, said in zip(wrong, second, strict=True) if said.value and _stands(said)}
    for place, said in enumerate(first):
        last = repaired.get(place, said)
        yield None if last.value is None else _heard(last, last.value)


def _heard(said: Completion[Quoted], value: Quoted) -> Heard:
    true = _stands(said)
    return Heard(value.verdict, value.quote if true else "", true, said.request.prompt_version)


def _stands(said: Completion[Quoted]) -> bool:
    """Whether the quote stands in the first question about the case: a repair quotes the wrong answer, too."""
    asked = next(message for message in said.request.messages if message.role == "user")
    return said.value is not None and is_quoted(said.value.quote, asked.content)


def _repair(said: Completion[Quoted]) -> Request:
    assert said.value is not None
    turns = (Message(role="assistant", content=said.value.model_dump_json()), Message(role="user", content=_AGAIN))
    return said.request.model_copy(update={"messages": said.request.messages + turns})


def _yes_or_no(
    questions: Sequence[Question], model: LanguageModel, language: str, limit: int, progress: Progress
) -> Iterator[Heard | None]:
    requests = [request_of(question, language, limit, small=True) for question in questions]
    yes = YES_NO[language][0]
    for question, said in zip(questions, model.complete(requests, YesNo, progress), strict=True):
        if said.value is None:
            yield None
            continue
        criterion = question.criterion
        verdict = criterion.plain if said.value.answer == yes else criterion.worst
        yield Heard(verdict, "", True, said.request.prompt_version)
