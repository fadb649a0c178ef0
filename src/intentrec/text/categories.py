"""phi: from the vector of a tag or a title to a category, by the nearest known items (RecGPT-V1, section 1.3)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BLOCK_CELLS = 1 << 23  # cosines held at once
_DECIMALS = 4
_SHARPNESS = 8  # power of the cosine in the vote: one close item outweighs several far ones


class TagToCategory:
    """The category with the most votes among the nearest items, each voting with a power of its cosine.

    Args:
        vectors: Unit rows (n, d) of items, n >= 1.
        categories: The category of each.
        neighbours: How many items vote.
    """

    def __init__(self, vectors: NDArray[np.float32], categories: Sequence[str], neighbours: int = 10) -> None:
        if not len(vectors) or len(vectors) != len(categories):
            raise ValueError(f"phi needs one category per item, got {len(categories)} for {len(vectors)} items")
        self.names = sorted(set(categories))
        place = {name: i for i, name in enumerate(self.names)}
        self._codes = np.array([place[name] for name in categories])
        self._vectors = vectors
        self._neighbours = min(neighbours, len(vectors))

    def predict(self, vectors: NDArray[np.float32]) -> list[str]:
        """The category of each unit row (m, d); of equal votes the first by name."""
        found: list[str] = []
        block = max(_BLOCK_CELLS // len(self._vectors), 1)
        for start in range(0, len(vectors), block):
            votes = self._votes(vectors[start : start + block])
            found += [self.names[code] for code in votes.argmax(axis=1).tolist()]
        return found

    def _votes(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Votes (m, number of categories), rounded."""
        cosines = np.round((vectors @ self._vectors.T).astype(np.float64), _DECIMALS)
        rank = np.arange(cosines.shape[1]) * 1e-11 - cosines  # of equal cosines the earlier item is nearer
        near = np.argpartition(rank, self._neighbours - 1, axis=1)[:, : self._neighbours]
        power = np.take_along_axis(cosines, near, axis=1).clip(1e-3) ** _SHARPNESS
        votes = np.zeros((len(vectors), len(self.names)))
        rows = np.broadcast_to(np.arange(len(vectors))[:, None], near.shape)
        np.add.at(votes, (rows, self._codes[near]), power)
        return np.round(votes, 9)
