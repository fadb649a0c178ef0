"""Bundles made by hand: a few items, users and tags whose vectors can be computed with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from intentrec.config import Config
from intentrec.retrieval import BetaByActivity, build_index
from intentrec.serving.bundle import Bundle
from intentrec.serving.bundle.content import Content, History, Items, Placed, Users
from intentrec.serving.bundle.entries import entry_of
from intentrec.serving.bundle.lists import StoredList
from intentrec.serving.bundle.ragged import Ragged, strings
from intentrec.serving.bundle.writing import write_bundle
from intentrec.text.hashing import HashingEmbedder

AS_OF = datetime(2024, 5, 1, tzinfo=UTC)
SETTINGS: dict[str, Any] = {
    "text": {"model": "hashing", "hashing_width": 64},
    "retrieval": {"diversity": 0.0, "user_share": 0.5},
}


@dataclass(frozen=True)
class Made:
    """What a bundle shall hold.

    Attributes:
        items: Item id -> vector; by default its title is its id.
        facts: Item id -> title, category, brand, price.
        users: User id -> vector.
        did: User id -> items, oldest first, one a day until the as-of time, all purchases.
        tags: User id -> (interest, tag) in order of rank; an interest's id is its name.
        words: Tag -> vector.
        lists: User id -> items as stored, best first, with scores that fall from 1.0 by 0.1.
    """

    items: Mapping[str, Sequence[float]]
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    users: Mapping[str, Sequence[float]] = field(default_factory=dict)
    did: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tags: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    words: Mapping[str, Sequence[float]] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    popular: Sequence[str] = ()
    explanations: Sequence[tuple[str, str, str]] = ()
    beta: float = 0.5
    others: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def content_of(made: Made) -> Content:
    """The content of the bundle."""
    ids, users, words = sorted(made.items), sorted(made.users), sorted(made.words)
    heads = [{"title": item, **made.facts.get(item, {})} for item in ids]
    categories = sorted({head["category"] for head in heads if head.get("category")})
    brands = sorted({head["brand"] for head in heads if head.get("brand")})
    vectors = _vectors(made.items, ids)
    row = {item: place for place, item in enumerate(ids)}
    did = [[row[item] for item in made.did.get(user, ())] for user in users]
    seen = [sorted(set(rows)) for rows in did]
    lists = [[row[item] for item in made.lists.get(user, ())] for user in users]
    config = Config.model_validate({**SETTINGS, **made.settings})
    return Content(
        release="r0001",
        digest="made",
        as_of=AS_OF,
        created_at=AS_OF,
        config=config.model_dump(mode="json"),
        beta=BetaByActivity.fixed(made.beta),
        stored_k=10,
        items=Items(
            ids=strings(ids),
            vectors=vectors,
            heads=[orjson.dumps(head) for head in heads],
            more=[b"{}"] * len(ids),
            categories=np.array([_code(categories, head.get("category")) for head in heads], dtype=np.int64),
            category_names=categories,
            brands=np.array([_code(brands, head.get("brand")) for head in heads], dtype=np.int64),
            brand_names=strings(brands),
            prices=np.array([head.get("price", np.nan) for head in heads], dtype=np.float64),
            text=HashingEmbedder(64).embed([head["title"] for head in heads]).astype(np.float16) if ids else None,
            engine=build_index(vectors, config.retrieval) if ids else None,
        ),
        users=Users(
            ids=strings(users),
            vectors=_vectors(made.users, users, vectors.shape[1]),
            n_events=np.array([len(rows) for rows in did], dtype=np.int64),
            seen=_ragged(seen),
            chosen=np.ones(sum(map(len, seen)), dtype=np.bool_),
            lists=[
                StoredList.pack(rows, [_entry(ids[item], heads[item], place) for place, item in enumerate(rows)])
                for rows in lists
            ],
            about=[_about(made.tags.get(user, ())) for user in users],
            others=dict.fromkeys(made.others, b""),
        ),
        history=_history(did),
        placed=_placed(lists),
        popular=(np.array([row[item] for item in made.popular], dtype=np.int64), np.arange(len(made.popular), 0.0, -1)),
        tag_names=strings(words),
        tag_vectors=_vectors(made.words, words, vectors.shape[1]),
        explanations=made.explanations,
    )


def open_made(folder: Path, made: Made, **changes: Any) -> Bundle:
    """Write it, with other parts of the content where given, and open it."""
    write_bundle(folder, replace(content_of(made), **changes))
    return Bundle.open(folder)


def _vectors(named: Mapping[str, Sequence[float]], order: Sequence[str], width: int = 2) -> Any:
    rows = [list(named[name]) for name in order]
    return np.array(rows, dtype=np.float32) if rows else np.zeros((0, width), dtype=np.float32)


def _ragged(rows: Sequence[Sequence[int]]) -> Ragged:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Ragged(starts, np.array([value for row in rows for value in row], dtype=np.int64))


def _code(names: Sequence[str], name: str | None) -> int:
    return -1 if name is None else names.index(name)


def _entry(item: str, head: Mapping[str, Any], place: int) -> dict[str, Any]:
    row = {"item_id": item, "score": 1.0 - place / 10, "score_user": 1.0 - place / 10, "source": "user"}
    return entry_of({**row, "reason": f"reason {place}"}, head)


def _about(tags: Sequence[tuple[str, str]]) -> bytes:
    written = {"reason": "", "as_of": AS_OF.isoformat(), "model": "none", "prompt_version": "rules"}
    names = list(dict.fromkeys(interest for interest, _ in tags))
    interests = [
        {"interest_id": name, "interest": name, "listed": True, "stage": "new", "evidence": [place],
         "weight": 1.0 / (place + 2), "verdict": "pass", **written}
        for place, name in enumerate(names)
    ]  # fmt: skip
    rows = [
        {"rank": rank, "tag": tag, "interest_id": interest, "category": None, **written}
        for rank, (interest, tag) in enumerate(tags, 1)
    ]
    return orjson.dumps({"profile": None, "interests": interests, "tags": rows}) if tags else b""


def _history(did: Sequence[Sequence[int]]) -> History:
    ragged = _ragged(did)
    n = len(ragged.values)
    back = [len(rows) - place for rows in did for place in range(len(rows))]
    moments = [AS_OF - timedelta(days=days) for days in back]
    return History(
        starts=ragged.starts,
        row=np.arange(n),
        time=np.array([int(moment.timestamp() * 1e6) for moment in moments], dtype=np.int64),
        event=np.zeros(n, dtype=np.int64),
        kinds=["purchase"],
        item=ragged.values,
        weight=np.full(n, np.nan),
        value=np.full(n, np.nan),
        words=[b""] * n,
    )


def _placed(lists: Sequence[Sequence[int]]) -> Placed:
    rows = [(user, item, rank) for user, items in enumerate(lists) for rank, item in enumerate(items, 1)]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Placed(columns[0], columns[1], columns[2], np.full(len(rows), -1))
