"""What is asked of a language model and what comes back."""

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from intentrec.settings import Section

A = TypeVar("A", bound=BaseModel)


class Message(Section):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    """Who speaks."""
    content: str
    """What is said."""


class Request(Section):
    """One question to a language model. Temperature, top_p and seed are settings of the run, not of a request."""

    stage: str
    """The stage that asks; costs are counted by it."""
    subject: str = ""
    """The user or item it is about, "" if none: what `erase` looks for. It never reaches the model."""
    prompt_version: str
    """`Prompt.version` of the file that the messages were rendered from."""
    messages: tuple[Message, ...] = Field(min_length=1)
    """The chat so far, ending with the question."""
    answer_schema: dict[str, Any]
    """JSON schema that the answer must fit; it may hold choices that are valid for this request only."""
    max_tokens: int = Field(ge=1)
    """The longest answer, in tokens. It must cover the longest answer that the schema permits."""


@dataclass(frozen=True)
class Completion(Generic[A]):
    """The outcome of one request.

    Attributes:
        value: The checked answer; None when there is none.
        model: Who answered, adapter included.
        error: Why there is none, as "word: detail" with one of the words not-json, schema, too-long, refused,
            dry-run; None when there is a value.
        prompt_tokens: Tokens read, over all attempts, now or when the answer was stored.
        completion_tokens: Tokens written, likewise.
        cached: Whether nothing was asked: the answer was in the ledger, or another request of the same call
            was word for word the same.
        attempts: Answers it took, 1 if the first one was right.
    """

    request: Request
    value: A | None
    error: str | None
    model: str
    prompt_tokens: int
    completion_tokens: int
    cached: bool
    attempts: int
