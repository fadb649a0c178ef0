"""Samples as files that other trainers read: chats for fine-tuning, pairs for preferences."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from intentrec.alignment.samples import Sample
from intentrec.errors import DataError
from intentrec.llm import Message
from intentrec.workspace.files import write_atomic

Chat = tuple[Message, ...]


@dataclass(frozen=True)
class Pair:
    """A question with a better and a worse answer."""

    prompt: Chat
    chosen: str
    rejected: str


def write_chats(samples: Iterable[Sample], file: Path) -> int:
    """One JSON object a line, `{"messages": [...]}`, the answer last; returns how many there are.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    return _write(({"messages": _turns(sample.chat)} for sample in samples), file)


def write_pairs(samples: Iterable[Sample], file: Path) -> int:
    """One JSON object a line, `{"prompt": [...], "chosen": [...], "rejected": [...]}`, of the samples that are pairs.

    Raises:
        WorkspaceError: The file cannot be written.
    """
    return _write((_pair_line(sample) for sample in samples if sample.rejected), file)


def read_chats(file: Path) -> list[Chat]:
    """The chats of a file, each with a question and ending with an answer.

    Raises:
        DataError: The file is not there, or a line is no such chat.
    """
    return [_chat(where, data) for where, data in _lines(file)]


def read_pairs(file: Path) -> list[Pair]:
    """The pairs of a file.

    Raises:
        DataError: The file is not there, or a line is no pair.
    """
    return [_pair(where, data) for where, data in _lines(file)]


def _pair_line(sample: Sample) -> dict[str, Any]:
    answers = {"chosen": sample.answer, "rejected": sample.rejected}
    said = {name: [{"role": "assistant", "content": text}] for name, text in answers.items()}
    return {"prompt": _turns(sample.messages), **said}


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _write(lines: Iterable[Mapping[str, Any]], file: Path) -> int:
    written = [json.dumps(line, ensure_ascii=False) + "\n" for line in lines]
    write_atomic(file, "".join(written).encode())
    return len(written)


def _lines(file: Path) -> Iterator[tuple[str, Any]]:
    """Where each line stands, and what it holds."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: {error}. It must be JSONL: one JSON object a line, UTF-8.") from error
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines: U+2028 may stand inside a string
        if line.strip():
            where = f"{file}, line {number}"
            try:
                yield where, json.loads(line)
            except ValueError as error:
                raise DataError(f"{where} is no JSON: {error}. Write one JSON object a line.") from error


def _chat(where: str, data: Any) -> Chat:
    chat = _messages(where, data, "messages")
    if len(chat) < 2 or chat[-1].role != "assistant" or chat[-2].role != "user":
        raise DataError(f"{where}: a chat must end with a turn of the user and one of the assistant.")
    return chat


def _pair(where: str, data: Any) -> Pair:
    prompt = _messages(where, data, "prompt")
    chosen, rejected = (_messages(where, data, name) for name in ("chosen", "rejected"))
    if len(chosen) != 1 or len(rejected) != 1 or not prompt or prompt[-1].role != "user":
        raise DataError(
            f"{where}: `prompt` must end with a turn of the user, `chosen` and `rejected` be one turn each."
        )
    return Pair(prompt, chosen[0].content, rejected[0].content)


def _messages(where: str, data: Any, name: str) -> Chat:
    turns = data.get(name) if isinstance(data, dict) else None
    if not isinstance(turns, list):
        raise DataError(f"{where} has no list `{name}`.")
    try:
        return tuple(Message.model_validate(turn) for turn in turns)
    except ValidationError as error:
        raise DataError(
            f"{where}: a turn must be an object with `role` and `content` ({error.errors()[0]['msg']})."
        ) from error
