"""What models are asked to answer, and the schemas that bound it."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from intentrec.llm.answers import closed_schema

_TAG_LENGTH = 60
_REASON_LENGTH = 120
_PERSONA_LENGTH = 160
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


class Persona(BaseModel):
    """One side of a user, and the numbers of the interests that belong to it."""

    persona: str
    interests: list[int]


class Plan(BaseModel):
    """The sides of a user that experts write for."""

    personas: list[Persona]


class Picks(BaseModel):
    """Numbers of the tags that were picked, the best first."""

    picks: list[int]


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


def plan_schema(n_interests: int, personas: int) -> dict[str, Any]:
    """Schema for so many personas of a user with so many interests."""
    number = {"type": "integer", "minimum": 1, "maximum": n_interests}
    persona = closed_schema(
        {
            "persona": {"type": "string", "maxLength": _PERSONA_LENGTH},
            "interests": {"type": "array", "items": number, "minItems": 1, "maxItems": n_interests},
        }
    )
    listed = {"type": "array", "items": persona, "minItems": personas, "maxItems": personas}
    return closed_schema({"personas": listed})


def picks_schema(n: int, max_tags: int) -> dict[str, Any]:
    """Schema for picking at most `max_tags` of `n` numbered tags."""
    number = {"type": "integer", "minimum": 1, "maximum": n}
    most = min(n, max_tags)
    return closed_schema({"picks": {"type": "array", "items": number, "minItems": 1, "maxItems": most}})


def plan_tokens(n_interests: int, personas: int) -> int:
    """Tokens that the longest answer to `plan_schema` needs."""
    return 16 + personas * (24 + _PERSONA_LENGTH // _CHARACTERS_A_TOKEN + 4 * n_interests)


def picks_tokens(n: int, max_tags: int) -> int:
    """Tokens that the longest answer to `picks_schema` needs."""
    return 16 + 5 * min(n, max_tags)


def choice_tokens(phrases: Sequence[str], n: int) -> int:
    """Tokens that the longest answer to `choice_schema` needs."""
    return 16 + n * (4 + max(map(len, phrases)) // _CHARACTERS_A_TOKEN)


def free_tokens(n: int) -> int:
    """Tokens that the longest answer to `free_schema` needs."""
    return 16 + n * (4 + _TAG_LENGTH // _CHARACTERS_A_TOKEN)


def written_tokens(max_tags: int) -> int:
    """Tokens that the longest answer to `written_schema` needs."""
    return 16 + max_tags * (24 + (_TAG_LENGTH + _REASON_LENGTH) // _CHARACTERS_A_TOKEN)
