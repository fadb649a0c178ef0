"""Items whose vectors point the same way."""

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from intentrec.retrieval.topk import Floats, Ints, Mask
from intentrec.serving.ranking.shelf import Shelf

_KEPT = 1000  # answers without a filter
_DEEP = 256  # places that such an answer holds at least
_SPARE = 32  # candidates in single precision beyond those wanted


class Cosines:
    """Finds similar items; answers without a filter are kept for those who ask next."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], tuple[Ints, Floats]] = OrderedDict()
        self._lock = threading.Lock()

    def nearest(self, shelf: Shelf, row: int, k: int, mask: Mask | None) -> tuple[Ints, Floats]:
        """Rows of the items with the greatest cosine, without the item itself, and the cosines."""
        if mask is not None or k > _DEEP:
            return _nearest(shelf, row, k, mask)
        key = (shelf.version, row)
        with self._lock:
            found = self._known.get(key)
        if found is None:
            found = _nearest(shelf, row, _DEEP, None)
            with self._lock:
                self._known[key] = found
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return found[0][:k], found[1][:k]


def _nearest(shelf: Shelf, row: int, k: int, mask: Mask | None) -> tuple[Ints, Floats]:
    base, n = shelf.bundle, len(shelf.bundle.index)
    extra = shelf.index.vectors[np.arange(n, n + shelf.n_new)]
    query: NDArray[np.float32] = shelf.index.vectors[np.array([row])][0]
    scores = np.concatenate([base.index.vectors @ query, extra @ query])
    lengths = np.concatenate([base.lengths, np.linalg.norm(extra, axis=1)])
    scores /= np.maximum(lengths * np.linalg.norm(query), 1e-12)
    barred = lengths == 0 if mask is None else (lengths == 0) | ~mask
    scores[barred] = -np.inf
    scores[row] = -np.inf
    wanted = min(k + _SPARE, len(scores))
    rows = np.argpartition(-scores, wanted - 1)[:wanted]
    rows = rows[scores[rows] > -np.inf].astype(np.int64)
    found = shelf.index.vectors[rows].astype(np.float64)
    exact = found @ query.astype(np.float64)
    exact /= np.maximum(np.linalg.norm(found, axis=1) * np.linalg.norm(query.astype(np.float64)), 1e-12)
    order = np.lexsort((rows, -exact))[:k]
    return rows[order], exact[order]
