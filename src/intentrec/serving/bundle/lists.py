"""A user's stored list as one value: rows of the items, and each entry as the bytes that go into the answer.

Nothing is encoded in the request path: the first k entries are one slice, and a filter picks slices.
"""

import struct
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import orjson
from numpy.typing import NDArray

SLIM = ("item_id", "title", "score")
_HEAD = struct.Struct("<IIII")  # row of the user, entries, bytes of the slim entries, bytes of the full entries


@dataclass(frozen=True)
class StoredList:
    """A list as it is stored.

    Attributes:
        user: Row of the user.
        items: Rows of the items, best first, (K,).
        ends: Where the slim and the full entry of each place end, the comma after it not counted, (2, K).
        slim: Entries with an item, its title and its score, joined with commas.
        full: Entries with everything that is known of the row.
    """

    user: int
    items: NDArray[np.uint32]
    ends: NDArray[np.uint32]
    slim: bytes
    full: bytes

    @classmethod
    def pack(cls, user: int, items: Sequence[int], entries: Sequence[Mapping[str, Any]]) -> bytes:
        """The value to be stored; `open` reads it."""
        texts = [[orjson.dumps({name: entry[name] for name in SLIM}) for entry in entries]]
        texts.append([orjson.dumps(dict(entry)) for entry in entries])
        ends = [np.cumsum([len(text) + 1 for text in some], dtype=np.uint32) - 1 for some in texts]
        slim, full = (b",".join(some) for some in texts)
        head = _HEAD.pack(user, len(entries), len(slim), len(full))
        places = np.asarray(items, dtype=np.uint32).tobytes() + np.array(ends, dtype=np.uint32).tobytes()
        return head + places + slim + full

    @classmethod
    def open(cls, value: bytes | memoryview) -> Self:
        """A view of a stored value; nothing is copied but the entries that are asked for."""
        user, n, n_slim, n_full = _HEAD.unpack_from(value)
        numbers = np.frombuffer(value, dtype=np.uint32, count=3 * n, offset=_HEAD.size)
        start = _HEAD.size + 12 * n
        whole = memoryview(value)
        slim, full = whole[start : start + n_slim], whole[start + n_slim : start + n_slim + n_full]
        return cls(user, numbers[:n], numbers[n:].reshape(2, n), slim, full)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.items)

    def first(self, k: int, *, full: bool) -> bytes:
        """The first k entries as the inside of a JSON array."""
        k = min(k, len(self))
        return bytes((self.full if full else self.slim)[: int(self.ends[int(full), k - 1])]) if k else b""

    def without(self, barred: Container[int], k: int, *, full: bool) -> tuple[bytes, int]:
        """The first k entries whose items are not barred, and how many there are."""
        ends, source = self.ends[int(full)].tolist(), self.full if full else self.slim
        parts: list[bytes] = []
        for place, item in enumerate(self.items.tolist()):
            if item in barred:
                continue
            start = ends[place - 1] + 1 if place else 0
            parts.append(bytes(source[start : ends[place]]))
            if len(parts) == k:
                break
        return b",".join(parts), len(parts)
