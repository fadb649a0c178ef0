"""What is written about a user."""

from dataclasses import dataclass
from typing import Any


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

    def tags_of(self, interest_id: str) -> list[dict[str, Any]]:
        """The tags that serve an interest."""
        return [tag for tag in self.tags if tag["interest_id"] == interest_id]
