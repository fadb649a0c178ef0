"""Tags as rows of their table."""

from collections.abc import Sequence
from datetime import datetime

from intentrec.tags.desk import Desk
from intentrec.tags.selection import Tag, UserInterest

Ranked = tuple[str, int, UserInterest, Tag]
"""User, rank, interest, tag."""


def tag_rows(ranked: Sequence[Ranked], desk: Desk, as_of: datetime) -> list[dict[str, object]]:
    """Rows of `TAGS` in the order given, each with the category that the tag leads to."""
    tags = sorted({tag.tag for *_, tag in ranked})
    categories = dict(zip(tags, desk.book.phi.predict(desk.embedder.embed(tags)), strict=True)) if tags else {}
    return [
        {
            "user_id": user_id,
            "rank": rank,
            "tag": tag.tag,
            "interest_id": interest.interest_id,
            "reason": tag.reason,
            "category": categories[tag.tag],
            "as_of": as_of,
            "model": tag.model,
            "prompt_version": tag.prompt_version,
        }
        for user_id, rank, interest, tag in ranked
    ]
