"""Samples as tokens: the question as it is asked in service, then the answer and the token that ends it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from intentrec.alignment.samples import Sample
from intentrec.errors import ConfigError, DataError
from intentrec.llm import Message


@dataclass(frozen=True)
class Row:
    """One sample in tokens.

    Attributes:
        question: With the chat template and the beginning of the answer's turn.
        answer: With the token that ends a turn.
        rejected: Likewise; empty where the sample is no pair.
    """

    question: list[int]
    answer: list[int]
    rejected: list[int]

    @property
    def tokens(self) -> int:
        """Of the longer of both chats."""
        return len(self.question) + max(len(self.answer), len(self.rejected))


@dataclass(frozen=True)
class Read:
    """Samples that can be trained on, and how many were too long to be."""

    rows: list[Row]
    left_out: int

    @property
    def figures(self) -> dict[str, float]:
        """Both numbers, for the record."""
        return {"samples": float(len(self.rows)), "left_out": float(self.left_out)}


def read_samples(samples: Sequence[Sample], tokenizer: Any, most: int) -> Read:
    """All samples of at most so many tokens, in their order.

    Raises:
        DataError: There is none.
        ConfigError: The model has no chat template, or no token that ends an answer.
    """
    rows = [_row(sample, tokenizer) for sample in samples]
    kept = [row for row in rows if row.tokens <= most]
    if not rows:
        raise DataError("There are no samples to train on. Did the judge pass any?")
    if not kept:
        shortest = min(row.tokens for row in rows)
        raise DataError(
            f"The shortest of {len(rows)} samples has {shortest} tokens, and alignment.max_tokens is {most}. Raise it."
        )
    return Read(kept, len(rows) - len(kept))


def question_tokens(messages: Iterable[Message], tokenizer: Any) -> list[int]:
    """A chat up to where the answer begins."""
    if not tokenizer.chat_template:
        raise ConfigError("The base model has no chat template: it is no model that was tuned to answer.")
    chat = [{"role": message.role, "content": message.content} for message in messages]
    return _ids(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True), tokenizer)


def _row(sample: Sample, tokenizer: Any) -> Row:
    rejected = _answer(sample.rejected, tokenizer) if sample.rejected else []
    return Row(question_tokens(sample.messages, tokenizer), _answer(sample.answer, tokenizer), rejected)


def _answer(text: str, tokenizer: Any) -> list[int]:
    if tokenizer.eos_token_id is None:
        raise ConfigError("The base model's tokenizer has no token that ends an answer (eos_token).")
    return [*_ids(text, tokenizer), int(tokenizer.eos_token_id)]


def _ids(text: str, tokenizer: Any) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids
