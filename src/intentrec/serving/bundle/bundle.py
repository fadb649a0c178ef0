"""A release as its readers meet it: mapped files, a few look-ups an answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from intentrec.errors import DataError, WorkspaceError
from intentrec.retrieval import BetaByActivity, ItemIndex, RetrievalConfig, load_index
from intentrec.retrieval.memory import Remembered
from intentrec.serving.bundle.about import About
from intentrec.serving.bundle.layout import INDEX, TOWERS, Meta, pair_key
from intentrec.serving.bundle.lists import StoredList
from intentrec.serving.bundle.opening import read_meta, remembered_in
from intentrec.serving.bundle.ragged import Ragged, mapped
from intentrec.serving.bundle.sketch import nearest_texts
from intentrec.serving.bundle.timeline import Timeline

Ints = NDArray[np.int64]


class Bundle:
    """One release in memory-mapped files; see `Bundle.open`.

    Whatever it hands out stays good after `close`: the files are given back when the last view of them is gone.

    Attributes:
        folder: Where it lies.
        meta: What it is.
        index: Items under their vectors, ids ascending, with the engine that was built for them.
        lengths: Of the items' vectors, (N,).
        categories: Code of each item's category in `meta.categories`, -1 for none, (N,).
        brands: Code of each item's brand in `brand_names`, -1 for none, (N,).
        brand_names: Ascending.
        prices: NaN for none, (N,).
        user_ids: Users with a vector, ascending, (U,).
        user_vectors: (U, D).
        n_events: Events of each user, (U,).
        tag_names: Distinct tags, ascending, (T,).
        tag_vectors: (T, D).
        towers: The folder of the trained towers; None where the bundle has none.
        popular: Rows of items that strangers get, best first, and their scores.
    """

    def __init__(self, folder: Path, meta: Meta) -> None:
        self.folder, self.meta = folder, meta
        self.towers = folder / TOWERS if any(name.startswith(f"{TOWERS}/") for name in meta.files) else None
        vectors = mapped(folder, "items.vectors")
        retrieval = RetrievalConfig.model_validate(meta.config.get("retrieval", {}))
        saved = f"{INDEX}/index.json" in meta.files
        engine = load_index(folder / INDEX, vectors, retrieval, mapped=True) if saved else None
        self.index = ItemIndex(mapped(folder, "items.ids"), vectors, engine)
        self.lengths = mapped(folder, "items.lengths")
        self.categories, self.brands = mapped(folder, "items.categories"), mapped(folder, "items.brands")
        self.brand_names, self.prices = mapped(folder, "brands"), mapped(folder, "items.prices")
        self._heads, self._more = (Ragged.open_bytes(folder, f"items.{name}") for name in ("heads", "more"))
        self.user_ids, self.user_vectors = mapped(folder, "users.ids"), mapped(folder, "users.vectors")
        self.n_events, self._others = mapped(folder, "users.events"), mapped(folder, "others.ids")
        self._lists, self._about = (Ragged.open_bytes(folder, f"users.{name}") for name in ("lists", "about"))
        self._about_others = Ragged.open_bytes(folder, "others.about")
        self._seen, self._placed = Ragged.open(folder, "seen"), Ragged.open(folder, "placed")
        self._chosen = mapped(folder, "seen.chosen")
        self._ranks, self._tags = mapped(folder, "placed.ranks"), mapped(folder, "placed.tags")
        self.tag_names, self.tag_vectors = mapped(folder, "tags.names"), mapped(folder, "tags.vectors")
        self.popular = (mapped(folder, "popular.items"), mapped(folder, "popular.scores"))
        self._keys, self._checks = (mapped(folder, f"explanations.{part}") for part in ("keys", "checks"))
        self._sentences, self._words = (Ragged.open_bytes(folder, name) for name in ("explanations", "history.words"))
        self._starts = mapped(folder, "history.starts")
        columns = ("row", "time", "event", "item", "weight", "value")
        self._history = {name: mapped(folder, f"history.{name}") for name in columns}
        names = ("items.text", "sketch.axes", "sketch.items") if meta.text_width else ()
        self._text = tuple(mapped(folder, name) for name in names)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map a bundle; nothing is read that is not asked for.

        Raises:
            WorkspaceError: There is none, it is damaged, or another version of intentrec wrote it.
            MissingExtra: Its index needs a package that is not installed.
        """
        meta = read_meta(folder)
        try:
            bundle = cls(folder, meta)
        except (OSError, ValueError, KeyError, DataError) as error:
            raise WorkspaceError(f"The bundle {folder} is damaged: {error}. Delete it; it is made again.") from error
        if (len(bundle.index), len(bundle.user_ids)) != (meta.n_items, meta.n_users):
            raise WorkspaceError(f"The bundle {folder} holds other rows than it says. Delete it; it is made again.")
        return bundle

    def close(self) -> None:
        """Let go of the files; the bundle answers nothing after that. May be called twice."""
        kept = {"folder": self.folder, "meta": self.meta}
        self.__dict__.clear()
        self.__dict__.update(kept)

    @property
    def remembered(self) -> Remembered | None:
        """Pairs of items, mapped; None where the towers have no such part."""
        return remembered_in(self.folder, self.meta, self.index.ids)

    @property
    def beta(self) -> BetaByActivity:
        """Weight of the user's vector against the tags."""
        return BetaByActivity(tuple(self.meta.beta["edges"]), tuple(self.meta.beta["values"]))

    def item_row(self, item_id: str) -> int | None:
        """Row of an item in all arrays; None for one that the release does not know."""
        return _row_of(self.index.ids, item_id)

    def head(self, row: int) -> dict[str, Any]:
        """What entries say of an item: title, and category, brand, price and short name where they are known."""
        head: dict[str, Any] = orjson.loads(self._heads.bytes(row))
        return head

    def item(self, row: int) -> dict[str, Any]:
        """What is known of an item: item_id, title, and category, brand, price and further attributes where given."""
        both = self.head(row) | orjson.loads(self._more.bytes(row) or b"{}")
        given = {name: value for name, value in both.items() if value is not None}
        return {"item_id": str(self.index.ids[row])} | given

    def user_row(self, user_id: str) -> int | None:
        """Row of a user with a vector; None for others."""
        return _row_of(self.user_ids, user_id)

    def knows(self, user_id: str) -> bool:
        """Whether the user has events or attributes in the release."""
        return self.user_row(user_id) is not None or _row_of(self._others, user_id) is not None

    def users(self, after: str = "", limit: int = 50) -> list[str]:
        """Ids of users with events, ascending, that follow `after`."""
        start = int(np.searchsorted(self.user_ids, np.asarray(after).astype(self.user_ids.dtype), side="right"))
        names: list[str] = self.user_ids[start : start + limit + 1].tolist()
        return [name for name in names if name > after][:limit]

    def stored(self, user_id: str) -> StoredList | None:
        """The user's list as it was stored; None for a user without one."""
        row = self.user_row(user_id)
        return None if row is None else StoredList.open(self._lists[row].data)

    def seen(self, user_id: str) -> Ints:
        """Rows of the items that the user had an event with, ascending."""
        row = self.user_row(user_id)
        return np.empty(0, dtype=np.int64) if row is None else self._seen[row].astype(np.int64)

    def chosen(self, user_id: str) -> Ints:
        """Rows of the items that the user had an event of intent with, ascending: what a reason may point back to."""
        row = self.user_row(user_id)
        if row is None:
            return np.empty(0, dtype=np.int64)
        part = slice(int(self._seen.starts[row]), int(self._seen.starts[row + 1]))
        rows: Ints = self._seen.values[part][self._chosen[part]].astype(np.int64)
        return rows

    def timeline(self, user_id: str) -> Timeline:
        """The user's latest events and those that interests rest on, in time order."""
        row = self.user_row(user_id)
        part = slice(0, 0) if row is None else slice(int(self._starts[row]), int(self._starts[row + 1]))
        columns = {name: column[part] for name, column in self._history.items()}
        return Timeline(**columns, words=[self._words.bytes(at).decode() for at in range(part.start, part.stop)])

    def history(self, user_id: str) -> pl.DataFrame:
        """`timeline` as a frame: columns of `EVENTS`."""
        return self.timeline(user_id).frame(user_id, self.index.ids, self.meta.kinds)

    def about(self, user_id: str) -> About | None:
        """Profile, interests and tags; None for a user of whom nothing is written."""
        row, other = self.user_row(user_id), _row_of(self._others, user_id)
        value = b""
        if row is not None:
            value = self._about.bytes(row)
        elif other is not None:
            value = self._about_others.bytes(other)
        return About.of_json(user_id, value) if value else None

    def explanation(self, interest: str, item_id: str) -> str | None:
        """The sentence that was written for an interest and an item; None where there is none."""
        key, check = np.frombuffer(pair_key(interest, item_id), dtype=">u8").astype(np.uint64)
        at = int(np.searchsorted(self._keys, key))
        while at < len(self._keys) and self._keys[at] == key:
            if self._checks[at] == check:
                return self._sentences.bytes(at).decode()
            at += 1
        return None

    def placed(self, row: int) -> Iterator[tuple[str, int, str | None]]:
        """Users whose stored lists hold an item, with the place and the tag that led there, best places first."""
        for at in range(int(self._placed.starts[row]), int(self._placed.starts[row + 1])):
            tag = int(self._tags[at])
            name = None if tag < 0 else str(self.tag_names[tag])
            yield str(self.user_ids[self._placed.values[at]]), int(self._ranks[at]), name

    def nearest_texts(self, vectors: NDArray[np.float32], n: int) -> Ints:
        """Rows of the items whose titles are nearest to texts, (V, n).

        Args:
            vectors: Unit rows of the release's embedder, (V, `meta.text_width`).

        Raises:
            WorkspaceError: The bundle has no text vectors.
        """
        if not self._text:
            raise WorkspaceError(f"The bundle {self.folder} holds no text vectors of items.")
        text, axes, sketch = self._text
        return nearest_texts(vectors, text, axes, sketch, n)


def _row_of(names: NDArray[np.str_], name: str) -> int | None:
    # Of one width, as in `places`, which takes five times as long for one name.
    row = int(names.searchsorted(np.array(name, dtype=names.dtype)))
    return row if row < len(names) and names[row] == name else None
