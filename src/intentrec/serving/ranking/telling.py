"""From rows of a list to the entries of an answer: interests, reasons, and their bytes."""

from collections.abc import Sequence

import numpy as np
import orjson

from intentrec.explanations import reason_of
from intentrec.pipeline.ranker import most_like
from intentrec.serving.bundle.entries import entry_of, slim
from intentrec.serving.ranking.best import Row
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.shelf import Shelf


def told(rows: Sequence[Row], person: Person, shelf: Shelf, language: str) -> Sequence[Row]:
    """The rows with interest, tag and reason, as `Recommender.recommend` gives them: see `with_reasons`."""
    weightiest = sorted(person.about.interests, key=lambda row: (-row["weight"], row["interest_id"]))
    names = {row["interest_id"]: row["interest"] for row in weightiest}
    leads = {(tag["interest_id"], tag["category"]) for tag in person.about.tags if tag["interest_id"] in names}
    first: dict[str, str] = {}
    for interest_id in names:
        for category in {category for known, category in leads if known == interest_id and category is not None}:
            first.setdefault(category, interest_id)
    near = _near(rows, person, shelf)
    found = []
    for row, neighbour in zip(rows, near, strict=True):
        category = shelf.head(row["item"]).get("category")
        keeps = row["source"] == "tag" or (category is not None and (row["interest_id"], category) in leads)
        interest_id = row["interest_id"] if keeps else first.get(category or "")
        tag, interest = row["tag"] if keeps else None, names.get(interest_id or "")
        reason = shelf.bundle.explanation(interest, row["item_id"]) if interest is not None else None
        reason = reason or reason_of(row["source"], interest, tag, neighbour, language)
        found.append(row | {"interest_id": interest_id, "tag": tag, "interest": interest, "reason": reason})
    return found


def _near(rows: Sequence[Row], person: Person, shelf: Shelf) -> list[str | None]:
    """For each row the name of the item that the person chose before and that is most like it."""
    chosen = person.pointed_to(shelf)
    if not len(chosen) or not rows:
        return [None] * len(rows)
    places = most_like(shelf.index.vectors, np.array([row["item"] for row in rows]), chosen).tolist()
    return [None if place < 0 else shelf.head(int(chosen[place])).get("name") for place in places]


def encoded(rows: Sequence[Row], shelf: Shelf, *, explain: bool) -> bytes:
    """The inside of a JSON array."""
    entries = [entry_of(row, shelf.head(row["item"])) for row in rows]
    return b",".join([orjson.dumps(entry if explain else slim(entry)) for entry in entries])


def corrected(entry: bytes, shelf: Shelf, row: int, *, explain: bool) -> bytes:
    """A stored entry with what came in about its item since."""
    earlier = orjson.loads(entry)
    fresh = entry_of(earlier, shelf.head(row))
    return orjson.dumps(fresh if explain else slim(fresh))
