"""What models are asked to answer, and the schemas that bound it."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from intentrec.interests.stages import STAGES
from intentrec.llm.answers import closed_schema

_NAME_LENGTH = 48
_CLAUSE_LENGTH = 80
_REASON_LENGTH = 160
_LINES_CITED = 8
_CHARACTERS_A_TOKEN = 2  # low on purpose: Russian in small vocabularies comes close to it


class GroupAnswer(BaseModel):
    """The name of one group, the numbers of the lines that show it, and an optional clause."""

    interest: str
    evidence: list[int]
    clause: str = ""


class HistoryInterest(BaseModel):
    """One interest that a model finds in a whole history."""

    interest: str
    stage: str
    reason: str
    evidence: list[int]


class HistoryAnswer(BaseModel):
    """All interests that a model finds in a whole history."""

    interests: list[HistoryInterest]


def group_schema(names: Sequence[str] | None, n_lines: int, *, clause: bool) -> dict[str, Any]:
    """Schema of one group: the names to choose from (None leaves the name free), its line numbers."""
    name: dict[str, Any] = {"type": "string", "maxLength": _NAME_LENGTH} if names is None else {"enum": list(names)}
    lines = {"type": "array", "items": {"enum": list(range(1, n_lines + 1))}, "minItems": 1, "maxItems": n_lines}
    properties: dict[str, Any] = {"interest": name, "evidence": lines}
    if clause:
        properties["clause"] = {"type": "string", "maxLength": _CLAUSE_LENGTH}
    return closed_schema(properties)


def history_schema(n_lines: int, max_interests: int) -> dict[str, Any]:
    """Schema of a whole history with so many lines."""
    number = {"type": "integer", "minimum": 1, "maximum": n_lines}
    interest = closed_schema(
        {
            "interest": {"type": "string", "maxLength": _NAME_LENGTH},
            "stage": {"enum": list(STAGES)},
            "reason": {"type": "string", "maxLength": _REASON_LENGTH},
            "evidence": {"type": "array", "items": number, "minItems": 1, "maxItems": _LINES_CITED},
        }
    )
    return closed_schema({"interests": {"type": "array", "items": interest, "minItems": 1, "maxItems": max_interests}})


def group_tokens(names: Sequence[str] | None, n_lines: int, *, clause: bool) -> int:
    """Tokens that the longest answer to `group_schema` needs."""
    longest = max(map(len, names)) if names else _NAME_LENGTH
    return 24 + (longest + (_CLAUSE_LENGTH + 12 if clause else 0)) // _CHARACTERS_A_TOKEN + 3 * n_lines


def history_tokens(max_interests: int) -> int:
    """Tokens that the longest answer to `history_schema` needs."""
    characters = _NAME_LENGTH + _REASON_LENGTH
    return 16 + max_interests * (32 + characters // _CHARACTERS_A_TOKEN + 4 * _LINES_CITED)
