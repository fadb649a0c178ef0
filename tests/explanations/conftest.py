"""Three items, the pairs they stand in, and a model that says what it is told to."""

from collections.abc import Callable, Iterable

import polars as pl
import pytest
from pydantic import BaseModel

from intentrec.llm.messages import Completion, Request
from intentrec.tables import CATALOGUE


class FakeModel:
    """Answers by a function of the request and keeps every request; None and a str stand for a failure."""

    model_id = "fake-1b"

    def __init__(self, answer: Callable[[Request], BaseModel | str | None]) -> None:
        self.asked: list[Request] = []
        self._answer = answer

    def complete(
        self, requests: Iterable[Request], answer: type[BaseModel], progress: object = None
    ) -> list[Completion]:
        return [self._completion(request) for request in requests]

    def _completion(self, request: Request) -> Completion:
        self.asked.append(request)
        said = self._answer(request)
        value, error = (said, None) if isinstance(said, BaseModel) else (None, said or "schema: wrong")
        return Completion(request, value, error, self.model_id, 1, 1, cached=False, attempts=1)

    @property
    def prompts(self) -> str:
        return "\n".join(message.content for request in self.asked for message in request.messages)


@pytest.fixture
def fake_model() -> type[FakeModel]:
    return FakeModel


@pytest.fixture
def catalogue() -> pl.DataFrame:
    named = {"kettle": "copper kettle 2l", "cup": "porcelain cup", "spade": "steel spade"}
    return CATALOGUE.rows(
        {"item_id": i, "name": name, "phrase": name, "category": "garden" if i == "spade" else "tea things"}
        for i, name in named.items()
    )


@pytest.fixture
def pairs() -> pl.DataFrame:
    rows = [("tea time", "kettle", 5), ("tea time", "cup", 9), ("garden work", "spade", 1), ("tea time", "gone", 99)]
    return pl.DataFrame(rows, schema=["interest", "item_id", "n"], orient="row")
