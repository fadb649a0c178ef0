"""Bounded repair: a wrong answer is shown to the model again, with what was wrong."""

from typing import Generic

from intentrec.llm.answers import WrongAnswer, parse_answer
from intentrec.llm.messages import A, Message, Request

_AGAIN = "That answer cannot be used: {problem}\nAnswer again, with nothing but JSON that fits the schema."


class Dialogue(Generic[A]):
    """One request and the answers heard so far.

    It depends on nothing but those texts, so that a rerun which takes the texts from the ledger goes the same way.

    Attributes:
        value: The checked answer, once there is one.
        error: Why the last answer was wrong; None before the first answer and after a right one.
        attempts: Answers heard.
    """

    def __init__(self, request: Request, answer: type[A], max_repairs: int) -> None:
        self.request = request
        self.value: A | None = None
        self.error: str | None = None
        self.attempts = 0
        self._answer = answer
        self._repairs_left = max_repairs
        self._next: Request | None = request

    @property
    def next(self) -> Request | None:
        """What to ask now; None when the dialogue is over."""
        return self._next

    def hear(self, text: str, *, cut: bool = False) -> None:
        """Take an answer to `next`."""
        asked = self._next
        assert asked is not None
        self.attempts += 1
        try:
            self.value, self.error = parse_answer(text, self.request.answer_schema, self._answer, cut=cut), None
            self._next = None
        except WrongAnswer as problem:
            self.error = str(problem)
            self._next = self._repair(asked, text) if self._repairs_left else None
            self._repairs_left -= 1

    def refuse(self, problem: str) -> None:
        """End: the model will not answer this request at all."""
        self.attempts += 1
        self.error, self._next = f"refused: {problem}", None

    def _repair(self, asked: Request, text: str) -> Request:
        turns = (
            Message(role="assistant", content=text),
            Message(role="user", content=_AGAIN.format(problem=self.error)),
        )
        return asked.model_copy(update={"messages": asked.messages + turns})
