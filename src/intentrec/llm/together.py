"""One engine for many threads: whoever holds it answers those who wait, several at a time."""

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Q = TypeVar("Q")
R = TypeVar("R")


@dataclass(eq=False)
class _Ticket(Generic[Q, R]):
    question: Q
    kind: Hashable
    outcome: "Future[R]" = field(default_factory=Future)


class Together(Generic[Q, R]):
    """Gathers the questions of threads that wait for one engine. No thread of its own, so nothing must be closed."""

    def __init__(self, answer: Callable[[Sequence[Q]], Sequence[R | Exception]], size: int) -> None:
        """Nothing is asked yet.

        Args:
            answer: The engine: one answer, or one exception, for each question. It is called by one thread at a time,
                with questions of one kind.
            size: Most questions at once.
        """
        self._answer = answer
        self._size = size
        self._engine, self._door = threading.Lock(), threading.Lock()
        self._waiting: list[_Ticket[Q, R]] = []

    def ask(self, question: Q, kind: Hashable) -> R:
        """The engine's answer; raises what the engine gave in its place, or what it raised."""
        mine: _Ticket[Q, R] = _Ticket(question, kind)
        with self._door:
            self._waiting.append(mine)
        with self._engine:
            while not mine.outcome.done():
                self._work()
        return mine.outcome.result()

    def _work(self) -> None:
        with self._door:
            kind = self._waiting[0].kind
            taken = [ticket for ticket in self._waiting if ticket.kind == kind][: self._size]
            self._waiting = [ticket for ticket in self._waiting if ticket not in taken]
        try:
            answers = self._answer([ticket.question for ticket in taken])
        except Exception as failed:  # it belongs to those who asked, each in a thread of its own
            answers = [failed] * len(taken)
        for ticket, answer in zip(taken, answers, strict=True):
            if isinstance(answer, Exception):
                ticket.outcome.set_exception(answer)
            else:
                ticket.outcome.set_result(answer)
