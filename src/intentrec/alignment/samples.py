"""What language models are trained on: a question, an answer, perhaps a worse one, and where they come from."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl
from pydantic import BaseModel

from intentrec.llm import Message
from intentrec.tables import SAMPLES

# What names a sample. Its grade and the teacher's reasons may be added later and leave it the same sample.
_NAMED_BY = ("task", "source", "writer", "as_of", "prompt_version", "user_id", "item_id", "answer", "rejected")
_OPTIONAL = ("rejected", "reasoning", "grade")


@dataclass(frozen=True)
class Sample:
    """One question with the answer that is to be learned.

    Attributes:
        task: interests, tags, explanations, curriculum:<name> or general.
        source: rules, teacher, self, behaviour, curriculum or general.
        writer: The model that wrote the answer; "none" where no language model did.
        messages: The chat that ends with the question.
        answer: Compact JSON as the grammar writes it (see `compact`), or plain text for general data.
        as_of: Nothing in the sample was known at this time or later; targets from behaviour alone come after it.
        prompt_version: Of the prompt that the question was rendered from.
        rejected: A worse answer to the same question; "" where the sample is no pair.
        reasoning: The teacher's reasons; never trained on as the answer.
        grade: The judge's grade of the answer: average or superior; "" where nobody judged it.
        user_id: Whom it is about: what an erasure looks for.
    """

    task: str
    source: str
    writer: str
    messages: tuple[Message, ...]
    answer: str
    as_of: datetime
    prompt_version: str
    rejected: str = ""
    reasoning: str = ""
    grade: str = ""
    user_id: str | None = None
    item_id: str | None = None

    @property
    def sample_id(self) -> str:
        """Equal for the same question and answer from the same source about the same user and time."""
        named = [getattr(self, name) for name in _NAMED_BY]
        said = [[message.role, message.content] for message in self.messages]
        text = json.dumps([*named, said], ensure_ascii=True, default=datetime.isoformat)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def chat(self) -> tuple[Message, ...]:
        """The question and the answer."""
        return (*self.messages, Message(role="assistant", content=self.answer))


def compact(answer: BaseModel | Mapping[str, Any]) -> str:
    """An answer as the grammar writes it and as it is learned: JSON without spaces, with the fields that were given."""
    data = answer.model_dump(mode="json", exclude_unset=True) if isinstance(answer, BaseModel) else dict(answer)
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def sample_rows(samples: Iterable[Sample]) -> pl.DataFrame:
    """Rows of `SAMPLES` in the order of the samples; equal samples once."""
    rows = {sample.sample_id: _row(sample) for sample in samples}
    return SAMPLES.rows(rows.values())


def samples_of(rows: pl.DataFrame) -> list[Sample]:
    """The samples that rows of `SAMPLES` hold, in their order."""
    return [_sample(row) for row in SAMPLES.check(rows).iter_rows(named=True)]


def _row(sample: Sample) -> dict[str, object]:
    row = {name: value or None if name in _OPTIONAL else value for name, value in asdict(sample).items()}
    said = [{"role": message.role, "content": message.content} for message in sample.messages]
    return row | {"sample_id": sample.sample_id, "messages": said}


def _sample(row: Mapping[str, Any]) -> Sample:
    kept: dict[str, Any] = {
        name: row[name] or "" if name in _OPTIONAL else row[name] for name in row if name != "sample_id"
    }
    return Sample(**kept | {"messages": tuple(Message(**message) for message in row["messages"])})
