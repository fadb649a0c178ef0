"""Interests as their owner wants them, and as the keeper refreshed them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from intentrec.serving.bundle import About

if TYPE_CHECKING:
    from intentrec.serving.live import InterestEdit, Refreshed

OWN = "user"
"""Stands as `model` of what somebody wrote about themselves."""
_REASONS = {
    "en": {"add": "You added it.", "reword": "You put it into these words."},
    "ru": {"add": "Вы добавили это сами.", "reword": "Вы сказали это своими словами."},
}


def as_it_stands(
    about: About, refreshed: "Refreshed | None", edits: Sequence["InterestEdit"], language: str
) -> About:  # fmt: skip
    """What is written about a user, with what the keeper wrote since and then what the user wants changed.

    A removed interest takes its tags with it. One that was reworded or added has one tag: its own words.
    """
    interests, tags, profile = about.interests, about.tags, about.profile
    if refreshed is not None:
        interests, tags = refreshed.interests, refreshed.tags
        profile = {**(profile or {}), **refreshed.profile}
    for edit in edits:
        earlier = next((row for row in interests if row["interest_id"] == edit.interest_id), None)
        interests = [row for row in interests if row["interest_id"] != edit.interest_id]
        tags = [row for row in tags if row["interest_id"] != edit.interest_id]
        if edit.action != "remove" and edit.text is not None:
            reason = _REASONS[language][edit.action]
            interests = [*interests, _interest(earlier, edit, reason)]
            tags = [*tags, tag_row(edit.text, edit.interest_id or "", reason, edit.at)]
    ordered = sorted(interests, key=lambda row: (-row["weight"], row["interest_id"]))
    return About(about.user_id, profile, ordered, ranked(tags))


def ranked(tags: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tags numbered from 1."""
    return [row | {"rank": rank} for rank, row in enumerate(tags, 1)]


def _interest(earlier: dict[str, Any] | None, edit: "InterestEdit", reason: str) -> dict[str, Any]:
    base = earlier or {"stage": "new", "evidence": [], "weight": 1.0}
    return base | {
        "interest_id": edit.interest_id,
        "interest": edit.text,
        "listed": False,
        "reason": reason,
        "verdict": "pass",
        "as_of": edit.at,
        "model": OWN,
        "prompt_version": OWN,
    }


def tag_row(text: str, interest_id: str, reason: str, at: datetime) -> dict[str, Any]:
    """A row of `TAGS` in somebody's own words; its category is found by what the words lead to."""
    return {
        "rank": 1,
        "tag": text,
        "interest_id": interest_id,
        "reason": reason,
        "category": None,
        "as_of": at,
        "model": OWN,
        "prompt_version": OWN,
    }
