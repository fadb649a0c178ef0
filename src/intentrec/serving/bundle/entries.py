"""One entry of a list as an answer shows it."""

from collections.abc import Mapping
from typing import Any

SLIM = ("item_id", "title", "score")
SHOWN = ("category", "brand", "price")
TOLD = ("score_user", "score_tag", "source", "tag", "interest", "interest_id", "reason")
_DIGITS = 6


def entry_of(row: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
    """The whole entry of a row of a list.

    Args:
        row: `item_id`, `score` and, where they are known, the other columns of `RECOMMENDATIONS`.
        head: The item's title and, where it has them, category, brand and price.
    """
    entry = {"item_id": row["item_id"], "title": head.get("title", ""), "score": _rounded(row["score"])}
    entry |= {name: head[name] for name in SHOWN if head.get(name) is not None}
    return entry | {name: _rounded(row.get(name)) for name in TOLD}


def slim(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Only item, title and score."""
    return {name: entry[name] for name in SLIM}


def _rounded(value: Any) -> Any:
    return round(value, _DIGITS) if isinstance(value, float) else value
