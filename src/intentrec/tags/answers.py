"""What models are asked to answer, and the schemas that bound it."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from intentrec.llm.answers import closed_schema

_TAG_LENGTH = 60
_REASON_LENGTH = 120
_CHARACTERS_A_TOKEN = 2  # low on purpose: Russian in small vocabularies comes close to it


class ChosenTags(BaseModel):
    """Phrases chosen or written for one interest."""

    tags: list[str]


class WrittenTag(BaseModel):
    """One tag, the number of the interest it serves, and why."""

    tag: str
    interest: int
    reason: str


class WrittenTags(BaseModel):
    """All tags of one user."""

    tags: list[WrittenTag]


def choice_schema(phrases: Sequence[str], n: int) -> dict[str, Any]:
    """Schema for choosing `n` of some phrases."""
    return closed_schema({"tags": {"type": "array", "items": {"enum": list(phrases)}, "minItems": n, "maxItems": n}})


def free_schema(n: int) -> dict[str, Any]:
    """Schema for writing `n` tags of one interest."""
    tag = {"type": "string", "maxLength": _TAG_LENGTH}
    return closed_schema({"tags": {"type": "array", "items": tag, "minItems": n, "maxItems": n}})


def written_schema(n_interests: int, max_tags: int) -> dict[str, Any]:
    """Schema for up to `max_tags` tags of so many interests."""
    tag = closed_schema(
        {
            "tag": {"type": "string", "maxLength": _TAG_LENGTH},
            "interest": {"type": "integer", "minimum": 1, "maximum": n_interests},
            "reason": {"type": "string", "maxLength": _REASON_LENGTH},
        }
    )
    return closed_schema({"tags": {"type": "array", "items": tag, "minItems": 1, "maxItems": max_tags}})


def choice_tokens(phrases: Sequence[str], n: int) -> int:
    """Tokens that the longest answer to `choice_schema` needs."""
    return 16 + n * (4 + max(map(len, phrases)) // _CHARACTERS_A_TOKEN)


def free_tokens(n: int) -> int:
    """Tokens that the longest answer to `free_schema` needs."""
    return 16 + n * (4 + _TAG_LENGTH // _CHARACTERS_A_TOKEN)


def written_tokens(max_tags: int) -> int:
    """Tokens that the longest answer to `written_schema` needs."""
    return 16 + max_tags * (24 + (_TAG_LENGTH + _REASON_LENGTH) // _CHARACTERS_A_TOKEN)
