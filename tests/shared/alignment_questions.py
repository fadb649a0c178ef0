"""Questions of stages for the tests of alignment, without a stage behind them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from intentrec.alignment.data.questions import Written
from intentrec.alignment.samples import compact
from intentrec.llm import Message, Request
from intentrec.llm.answers import closed_schema

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


class Text(BaseModel):
    text: str


class Tags(BaseModel):
    tags: list[str]


def text_schema() -> dict[str, Any]:
    return closed_schema({"text": {"type": "string", "maxLength": 60}})


def tags_schema(n: int) -> dict[str, Any]:
    tag = {"type": "string", "maxLength": 60}
    return closed_schema({"tags": {"type": "array", "items": tag, "minItems": n, "maxItems": n}})


@dataclass(frozen=True)
class Asked:
    """One question of a stage."""

    stage: str
    request: Request
    answer_type: type[BaseModel]
    user_id: str | None = None
    item_id: str | None = None
    by_rules: tuple[str, ...] = ()
    interest_id: str = field(default="", repr=False)

    @property
    def lessons(self) -> tuple[str, ...]:
        return self.by_rules

    def rows(self, value: BaseModel, model: str, prompt_version: str) -> list[dict[str, object]]:
        return [{"user_id": self.user_id, "interest_id": self.interest_id, "tag": tag} for tag in value.tags]  # type: ignore[attr-defined]


def request_of(stage: str, text: str, schema: dict[str, Any]) -> Request:
    return Request(
        stage=stage,
        prompt_version=f"{stage}/tuned.en@1",
        messages=(Message(role="user", content=text),),
        answer_schema=schema,
        max_tokens=40,
    )


def explain(item: str, *by_rules: str) -> Asked:
    """A question for one sentence about an item."""
    request = request_of("explanations", f"Why «{item}»?", text_schema())
    return Asked("explanations", request, Text, item_id=item, by_rules=tuple(compact({"text": t}) for t in by_rules))


def tags_of(user: str, interest: str, by_rules: Sequence[str] = (), n: int = 2) -> Asked:
    """A question for tags of one interest of a user; the interest's id is its name."""
    request = request_of("tags", f"Tags for «{interest}» of someone like {hash_free(user)}?", tags_schema(n))
    ruled = (compact({"tags": list(by_rules)}),) if by_rules else ()
    return Asked("tags", request, Tags, user_id=user, by_rules=ruled, interest_id=interest)


def hash_free(user: str) -> str:
    """Something of a user that may stand in a question: never the id."""
    return f"no. {len(user)}"


def said(question: Asked, text: str, writer: str = "teacher-1", reasoning: str = "") -> Written[Asked]:
    """A sentence in answer to a question."""
    return Written(question, compact({"text": text}), writer, reasoning)
