"""A user's stored list as one value: rows of the items, and each entry as the bytes that go into the answer.

Nothing is encoded in the request path: the first k entries are one slice, and a filter picks slices.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from intentrec.serving.bundle.entries import slim

_HEAD = struct.Struct("<III")  # entries, bytes of the slim entries, bytes of the full entries


@dataclass(frozen=True)
class StoredList:
    """A list as it is stored.

    Attributes:
        items: Rows of the items, best first, (K,).
        ends: Where the slim and the full entry of each place end, the comma after it not counted, (2, K).
        slim: Entries with an item, its title and its score, joined with commas.
        full: Entries with everything that is known of the row.
    """

    items: NDArray[np.uint32]
    ends: NDArray[np.uint32]
    slim: memoryview
    full: memoryview

    @classmethod
    def pack(cls, items: Sequence[int] | NDArray[np.integer], entries: Sequence[Mapping[str, Any]]) -> bytes:
        """The value to be stored; `open` reads it."""
        texts = [[orjson.dumps(slim(entry)) for entry in entries], [orjson.dumps(dict(entry)) for entry in entries]]
        ends = [np.cumsum([len(text) + 1 for text in some], dtype=np.uint32) - 1 for some in texts]
        short, full = (b",".join(some) for some in texts)
        places = np.asarray(items, dtype=np.uint32).tobytes() + np.array(ends, dtype=np.uint32).tobytes()
        return _HEAD.pack(len(entries), len(short), len(full)) + places + short + full

    @classmethod
    def open(cls, value: memoryview | bytes) -> Self:
        """A view of a stored value; nothing is copied but the entries that are asked for."""
        n, n_slim, n_full = _HEAD.unpack_from(value)
        numbers = np.frombuffer(value, dtype=np.uint32, count=3 * n, offset=_HEAD.size)
        start = _HEAD.size + 12 * n
        whole = memoryview(value)
        short, full = whole[start : start + n_slim], whole[start + n_slim : start + n_slim + n_full]
        return cls(numbers[:n], numbers[n:].reshape(2, n), short, full)

    def __len__(self) -> int:
        return len(self.items)

    def first(self, k: int, *, full: bool) -> bytes:
        """The first k entries as the inside of a JSON array."""
        k = min(k, len(self))
        return bytes((self.full if full else self.slim)[: int(self.ends[int(full), k - 1])]) if k else b""

    def entry(self, place: int, *, full: bool) -> bytes:
        """One entry, counted from 0."""
        ends = self.ends[int(full)]
        start = int(ends[place - 1]) + 1 if place else 0
        return bytes((self.full if full else self.slim)[start : int(ends[place])])

    def at(self, places: Sequence[int], *, full: bool) -> bytes:
        """Entries of chosen places as the inside of a JSON array; those that follow one another are one slice."""
        ends, text = [-1, *self.ends[int(full)].tolist()], self.full if full else self.slim
        return b",".join([text[ends[first] + 1 : ends[last + 1]] for first, last in _runs(places)])


def _runs(places: Sequence[int]) -> list[list[int]]:
    """First and last of each run of places that follow one another."""
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return runs
