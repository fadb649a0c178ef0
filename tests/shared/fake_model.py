"""A language model that answers by a function and keeps what it was asked."""

from collections.abc import Callable, Iterable

from pydantic import BaseModel

from intentrec.llm.messages import Completion, Request


class FakeModel:
    """Answers by a function of the request and keeps every request; None and a str stand for a failure."""

    model_id = "fake-1b"

    def __init__(
        self,
        answer: Callable[[Request], BaseModel | str | None],
        *,
        small: bool = True,
        tuned: Iterable[str] = (),
    ) -> None:
        self.small = small
        self.tuned = frozenset(tuned)
        self.asked: list[Request] = []
        self._answer = answer

    def name_for(self, stage: str) -> str:
        return f"{self.model_id}+{stage}" if stage in self.tuned else self.model_id

    def complete(
        self, requests: Iterable[Request], answer: type[BaseModel], progress: object = None
    ) -> list[Completion]:
        return [self._completion(request) for request in requests]

    def _completion(self, request: Request) -> Completion:
        self.asked.append(request)
        said = self._answer(request)
        value, error = (said, None) if isinstance(said, BaseModel) else (None, said or "schema: wrong")
        return Completion(request, value, error, self.name_for(request.stage), 1, 1, cached=False, attempts=1)

    @property
    def prompts(self) -> str:
        return "\n".join(message.content for request in self.asked for message in request.messages)
