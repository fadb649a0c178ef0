"""The shelf as it stands now, made anew only when an item came in."""

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intentrec.serving.bundle import Bundle
from intentrec.serving.ranking.reading import Reader
from intentrec.serving.ranking.shelf import Shelf

if TYPE_CHECKING:
    from intentrec.serving.live import LiveState


class Shelves:
    """Puts what came in beside a release.

    Args:
        neighbours: A new item gets the mean vector of so many items whose titles are nearest.
    """

    def __init__(self, bundle: Bundle, live: "LiveState", reader: Reader, neighbours: int) -> None:
        self._bundle, self._live, self._reader, self._neighbours = bundle, live, reader, neighbours
        self._shelf = Shelf.of_release(bundle)
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    def made(self) -> Shelf | None:
        """The shelf as it stands now, where it is made already; a moment."""
        shelf = self._shelf
        return shelf if shelf.version == self._live.items_version else None

    def now(self) -> Shelf:
        """Take it once a request."""
        shelf = self.made()
        if shelf is not None:
            return shelf
        with self._lock:
            version, items = self._live.items_version, dict(self._live.items)
            if self._shelf.version != version:
                new = [item.title for name, item in items.items() if self._bundle.item_row(name) is None]
                self._shelf = Shelf.with_live(self._bundle, version, items, self._placed(new))
            return self._shelf

    def _placed(self, titles: list[str]) -> NDArray[np.float32]:
        """Vectors of titles, each made once, (n, D)."""
        fresh = [title for title in dict.fromkeys(titles) if title not in self._vectors]
        if fresh:
            self._vectors |= dict(zip(fresh, self._reader.of_texts(fresh, self._neighbours), strict=True))
        found = [self._vectors[title] for title in titles]
        return np.stack(found) if found else np.zeros((0, self._bundle.meta.width), dtype=np.float32)
