"""Why an item stands where it stands, from a bundle."""

from typing import Any

import polars as pl

from intentrec.pipeline.why import Chain
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.shelf import Shelf
from intentrec.serving.ranking.telling import Row

SHOWN = 10
"""The list that is looked at first."""
LONGEST = 5000
"""No longer list is looked at for one item."""
_LATEST = 10
_COLUMNS = ("row", "timestamp", "event", "item_id")


def chain_of(row: Row, length: int, person: Person, shelf: Shelf, remembered: dict[str, float]) -> Chain:
    """The chain behind a row of a list of `length`."""
    interest = _interest(person, row["interest_id"])
    lines, events = _evidence(person, interest)
    return Chain(
        release=shelf.bundle.meta.release,
        user_id=person.user_id,
        item_id=row["item_id"],
        title=_title(shelf, row["item_id"]),
        list_length=length,
        interest=interest,
        tags=[] if interest is None else [tag["tag"] for tag in person.about.tags_of(interest["interest_id"])],
        lines=lines,
        remembered=remembered,
        events=[event | {"title": _title(shelf, event["item_id"])} for event in events],
        **{name: row[name] for name in ("rank", "score", "score_user", "score_tag", "source", "tag", "reason")},
    )


def _title(shelf: Shelf, item_id: str | None) -> str:
    row = None if item_id is None else shelf.row(item_id)
    return "" if row is None else str(shelf.head(row)["title"])


def _interest(person: Person, interest_id: str | None) -> dict[str, Any] | None:
    for row in person.about.interests:
        if row["interest_id"] == interest_id:
            return {"user_id": person.user_id, **row}
    return None


def _evidence(person: Person, interest: dict[str, Any] | None) -> tuple[list[str], list[dict[str, Any]]]:
    events = person.events.select(_COLUMNS)
    if interest is None:
        return [], events.tail(_LATEST).to_dicts()
    rows = set(interest["evidence"])
    lines = (person.about.profile or {}).get("lines", [])
    told = [line["text"] for line in lines if rows & set(line["rows"])]
    return told, events.filter(pl.col("row").is_in(sorted(rows))).to_dicts()
