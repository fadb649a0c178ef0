"""What is written about a user."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import orjson


@dataclass(frozen=True)
class About:
    """A user as the offline run wrote them down, or as they stand now.

    Attributes:
        user_id: Who.
        profile: `text`, `lines` (each `text` and `rows` of events), `n_events` and the other columns of `PROFILES`;
            None where there is no profile.
        interests: Rows of `INTERESTS`, weightiest first.
        tags: Rows of `TAGS` by rank.
    """

    user_id: str
    profile: dict[str, Any] | None
    interests: list[dict[str, Any]]
    tags: list[dict[str, Any]]

    @classmethod
    def of_json(cls, user_id: str, value: bytes) -> Self:
        """From the object that a bundle holds."""
        found = orjson.loads(value)
        interests, tags = ([_timed(row) for row in found[name]] for name in ("interests", "tags"))
        profile = found["profile"]
        return cls(user_id, None if profile is None else _timed(profile), interests, tags)

    def tags_of(self, interest_id: str) -> list[dict[str, Any]]:
        """The tags that serve an interest."""
        return [tag for tag in self.tags if tag["interest_id"] == interest_id]


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"as_of": datetime.fromisoformat(row["as_of"])} if row.get("as_of") else row
