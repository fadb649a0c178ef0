"""From rows of a ranker to the entries of an answer."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from intentrec.pipeline.ranker import nearest
from intentrec.pipeline.reasons import with_reasons
from intentrec.serving.bundle.bundle import Bundle
from intentrec.serving.bundle.entries import entry_of, slim
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.shelf import Shelf

Row = Mapping[str, Any]
_NAMES = {"item_id": pl.String, "category": pl.String, "name": pl.String}


def told(frame: pl.DataFrame, person: Person, shelf: Shelf, bundle: Bundle, language: str) -> Sequence[Row]:
    """The rows with interest, tag and reason, as `Recommender.recommend` gives them."""
    near = nearest(shelf.index, frame, person.pairs(person.chosen))
    names = _names(shelf, {*frame["item_id"].to_list(), *near.drop_nulls().to_list()})
    rows = with_reasons(frame, near, person.interests, person.tags, names, language).to_dicts()
    for row in rows:
        if row["interest"] is not None:
            row["reason"] = bundle.explanation(row["interest"], row["item_id"]) or row["reason"]
    return rows


def _names(shelf: Shelf, items: Iterable[str]) -> pl.DataFrame:
    """Rows of `CATALOGUE` for a few items: what reasons read of it."""
    ordered = sorted(items)
    heads = [shelf.head(row) for row in shelf.index.places(ordered).tolist()]
    columns = {name: [head.get(name) for head in heads] for name in ("category", "name")}
    return pl.DataFrame({"item_id": ordered, **columns}, schema=_NAMES)


def encoded(rows: Iterable[Row], shelf: Shelf, *, explain: bool) -> bytes:
    """The inside of a JSON array."""
    return b",".join(_encoded(row, shelf, explain) for row in rows)


def _encoded(row: Row, shelf: Shelf, explain: bool) -> bytes:
    entry = entry_of(row, shelf.head(int(shelf.index.places([row["item_id"]])[0])))
    return orjson.dumps(entry if explain else slim(entry))


def corrected(entry: bytes, shelf: Shelf, row: int, *, explain: bool) -> bytes:
    """A stored entry with what came in about its item since."""
    earlier = orjson.loads(entry)
    fresh = entry_of(earlier, shelf.head(row))
    return orjson.dumps(fresh if explain else slim(fresh))
