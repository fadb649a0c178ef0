"""Why an item stands where it stands, from a bundle."""

from typing import Any

import polars as pl

from intentrec.pipeline.why import Chain
from intentrec.serving.ranking.best import Row
from intentrec.serving.ranking.people import People
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.shelf import Shelf

SHOWN = 10
"""The list that is looked at first."""
LONGEST = 5000
"""No longer list is looked at for one item."""
_LATEST = 10
_COLUMNS = ("row", "timestamp", "event", "item_id")


def chain_of(row: Row, length: int, person: Person, shelf: Shelf, people: People) -> Chain:
    """The chain behind a row of a list of `length`."""
    interest = _interest(person, row["interest_id"])
    lines, events = _evidence(person, people, interest)
    return Chain(
        release=shelf.bundle.meta.release,
        user_id=person.user_id,
        item_id=row["item_id"],
        title=_title(shelf, row["item_id"]),
        list_length=length,
        interest=interest,
        tags=[] if interest is None else [tag["tag"] for tag in person.about.tags_of(interest["interest_id"])],
        lines=lines,
        remembered=_remembered(row, person, people),
        events=[event | {"title": _title(shelf, event["item_id"])} for event in events],
        **{name: row[name] for name in ("rank", "score", "score_user", "score_tag", "source", "tag", "reason")},
    )


def _remembered(row: Row, person: Person, people: People) -> dict[str, float]:
    """What each part of the memory has in `score_user`; see `Ranker.remembered_of`."""
    memory, item = people.remembered, row["item"]
    if memory is None or person.added is None or item >= person.added.shape[1] or not person.added[0, item]:
        return {}
    past = people.past(person)
    shares = memory.shares_of_one(past.items, past.times, len(past.items), person.as_of, item)
    beta = person.beta if person.tag_names else 1.0
    return {name: beta * share for name, share in shares.items() if share > 0}


def _title(shelf: Shelf, item_id: str | None) -> str:
    row = None if item_id is None else shelf.row(item_id)
    return "" if row is None else str(shelf.head(row)["title"])


def _interest(person: Person, interest_id: str | None) -> dict[str, Any] | None:
    for row in person.about.interests:
        if row["interest_id"] == interest_id:
            return {"user_id": person.user_id, **row}
    return None


def _evidence(
    person: Person, people: People, interest: dict[str, Any] | None
) -> tuple[list[str], list[dict[str, Any]]]:
    events = people.events(person).select(_COLUMNS)
    if interest is None:
        return [], events.tail(_LATEST).to_dicts()
    rows = set(interest["evidence"])
    lines = (person.about.profile or {}).get("lines", [])
    told = [line["text"] for line in lines if rows & set(line["rows"])]
    return told, events.filter(pl.col("row").is_in(sorted(rows))).to_dicts()
