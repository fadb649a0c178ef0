"""Everything that a bundle is made from, as arrays and rows, whoever has it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentrec.retrieval import BetaByActivity, VectorIndex
from intentrec.retrieval.memory import Remembered
from intentrec.serving.bundle.ragged import Ragged

Vectors = NDArray[np.float32]
Ints = NDArray[np.integer]


@dataclass(frozen=True)
class Items:
    """One row an item, ids ascending.

    Attributes:
        ids: (N,).
        vectors: (N, D).
        heads: One JSON object an item, in order: `title` and, where known, `category`, `brand`, `price` and `name`
            (short, as it stands in reasons).
        more: One JSON object an item: what only the item's own page shows; b"{}" for nothing.
        categories: Code of each item's category, -1 for none, (N,).
        category_names: Ascending.
        brands: Code of each item's brand, -1 for none, (N,).
        brand_names: Ascending.
        prices: NaN for none, (N,).
        text: Text vectors of the titles, unit rows, (N, T); None where items that come in later find no place.
        engine: What searches the vectors; None compares all.
    """

    ids: NDArray[np.str_]
    vectors: Vectors
    heads: Iterable[bytes]
    more: Iterable[bytes]
    categories: Ints
    category_names: list[str]
    brands: Ints
    brand_names: NDArray[np.str_]
    prices: NDArray[np.float64]
    text: NDArray[np.float16] | None = None
    engine: VectorIndex | None = None


@dataclass(frozen=True)
class Users:
    """One row a user with events, ids ascending.

    Attributes:
        ids: (U,).
        vectors: (U, D).
        n_events: (U,).
        seen: Rows of the items that each user had an event with, ascending.
        chosen: Whether one of these events showed intent, (len(seen.values),).
        lists: `StoredList.pack` of each user, in order.
        about: One JSON object a user, in order: `profile`, `interests`, `tags`; b"" for nothing.
        others: Users with attributes and without events -> the same object.
    """

    ids: NDArray[np.str_]
    vectors: Vectors
    n_events: Ints
    seen: Ragged
    chosen: NDArray[np.bool_]
    lists: Iterable[bytes]
    about: Iterable[bytes]
    others: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """Events of users, by row of the user, then time.

    Attributes:
        starts: Where the events of each user begin, and the end, (U + 1,).
        row: Number of the event, (E,).
        time: Microseconds since 1970, (E,).
        event: Code of the kind, (E,).
        kinds: Names of kinds in the order of their codes.
        item: Row of the item, -1 for none, (E,).
        weight: NaN for none, (E,).
        value: NaN for none, (E,).
        words: The query of each event, or the id of an item that the release does not know; b"" for neither.
    """

    starts: NDArray[np.int64]
    row: Ints
    time: Ints
    event: Ints
    kinds: list[str]
    item: Ints
    weight: NDArray[np.floating]
    value: NDArray[np.floating]
    words: Iterable[bytes]


@dataclass(frozen=True)
class Placed:
    """Places of items in stored lists, in any order: who gets an item.

    Attributes:
        user: Row of the user, (P,).
        item: Row of the item, (P,).
        rank: From 1, (P,).
        tag: Place of the tag in `Content.tag_names`, -1 for none, (P,).
    """

    user: Ints
    item: Ints
    rank: Ints
    tag: Ints


@dataclass(frozen=True)
class Content:
    """What `write_bundle` writes.

    Attributes:
        digest: Names the content.
        as_of: Exclusive end of the events that are in it.
        config: Settings of the release, `Config.model_dump(mode="json")`.
        popular: Rows of items, best first, and their scores: what strangers get.
        tag_names: Distinct tags, ascending.
        tag_vectors: (T, D).
        explanations: Interest, item id and sentence, each pair once.
        towers: A folder of trained towers; None where vectors of users stay as they are.
        towers_width: Coordinates that are the towers'; those after them are the encoder's.
        tag_scale: What tag vectors of the towers were multiplied by.
    """

    release: str
    digest: str
    as_of: datetime
    created_at: datetime
    config: dict[str, Any]
    beta: BetaByActivity
    stored_k: int
    items: Items
    users: Users
    history: History
    placed: Placed
    popular: tuple[Ints, NDArray[np.float64]]
    tag_names: NDArray[np.str_]
    tag_vectors: Vectors
    explanations: Iterable[tuple[str, str, str]] = ()
    remembered: Remembered | None = None
    towers: Path | None = None
    towers_width: int = 0
    tag_scale: float | None = None
    last_row: int = -1
    inputs: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
