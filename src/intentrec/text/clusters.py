"""Groups of unit vectors: a clustering of a whole catalogue, and a fast one of the few items of a user."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]

_ROUNDS = 30
_BLOCK = 8192
_DECIMALS = 4  # similarities are compared after rounding, so that the last bits of the arithmetic decide nothing


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """Rows scaled to length 1; a row of zeros stays zero."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length == 0, 1, length)).astype(np.float32)


def spherical_kmeans(vectors: Vectors, k: int, seed: int = 0, min_size: int = 1) -> Labels:
    """Labels 0..n-1 of at most `k` clusters by cosine, larger clusters first (ties by first member).

    Seeds are spread as in k-means++ with a fixed generator. Clusters below `min_size` are dissolved and their members
    go to the nearest that is left.

    Args:
        vectors: Unit rows (n, d).
    """
    if len(vectors) == 0:
        return np.empty(0, dtype=np.int64)
    centres = _spread(vectors, min(k, len(vectors)), np.random.default_rng(seed))
    labels = nearest(vectors, centres)
    for _ in range(_ROUNDS):
        centres = _centres(vectors, labels)
        moved = nearest(vectors, centres)
        if np.array_equal(moved, labels):
            break
        labels = moved
    sizes = np.bincount(labels, minlength=len(centres))
    kept = sizes >= min(min_size, sizes.max())
    return _by_size(nearest(vectors, _centres(vectors, labels)[kept[np.unique(labels)]]) if not kept.all() else labels)


def nearest(vectors: Vectors, centres: Vectors) -> Labels:
    """Row of the centre with the highest cosine for each vector; the first of equals."""
    blocks = range(0, len(vectors), _BLOCK)
    found = [np.round(vectors[i : i + _BLOCK] @ centres.T, _DECIMALS).argmax(axis=1) for i in blocks]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def group(vectors: Vectors, weights: NDArray[np.floating], max_groups: int, min_similarity: float) -> Labels:
    """Groups of a few vectors: label of each, 0 for the heaviest group; -1 for a vector in no group.

    The vector with the most weight around it (cosine of at least `min_similarity`, itself included) founds a group with
    all of them, then the next among those left, until `max_groups` are made. Some 0.1 ms for 50 vectors, so a pass over
    100,000 users takes seconds.

    Args:
        vectors: Unit rows (n, d); n squared similarities are held at once.
        weights: (n,), not negative.
    """
    n = len(vectors)
    labels = np.full(n, -1, dtype=np.int64)
    if n == 0:
        return labels
    near = np.round(vectors @ vectors.T, _DECIMALS) >= min_similarity
    np.fill_diagonal(near, True)
    left = np.asarray(weights, dtype=np.float64).copy() + 1e-9
    free = np.ones(n, dtype=bool)
    mass: list[float] = []
    for label in range(max_groups):
        around = np.where(free, np.round(near @ left, 6), -1.0)
        members = near[int(around.argmax())] & free
        labels[members] = label
        mass.append(float(left[members].sum()))
        free &= ~members
        left[members] = 0.0
        if not free.any():
            break
    return _relabel(labels, np.round(mass, 6))


def _relabel(labels: Labels, mass: NDArray[np.float64]) -> Labels:
    order = np.argsort(-mass, kind="stable")
    place = np.empty(len(mass) + 1, dtype=np.int64)
    place[order] = np.arange(len(mass))
    place[-1] = -1
    return place[labels]


def _spread(vectors: Vectors, k: int, rng: np.random.Generator) -> Vectors:
    chosen = [int(np.round(vectors @ vectors.mean(axis=0), _DECIMALS).argmax())]
    distance = np.ones(len(vectors))
    for _ in range(k - 1):
        distance = np.minimum(distance, np.round(1 - vectors @ vectors[chosen[-1]], _DECIMALS).clip(0))
        reach = np.cumsum(distance)
        if reach[-1] == 0:
            break
        chosen.append(int(np.searchsorted(reach, rng.random() * reach[-1], side="right")))
    return vectors[chosen]


def _centres(vectors: Vectors, labels: Labels) -> Vectors:
    """Mean direction of each cluster that has members, in order of label."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    return unit(np.add.reduceat(vectors[order].astype(np.float64), starts, axis=0))


def _by_size(labels: Labels) -> Labels:
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    place = np.empty(int(names.max()) + 1, dtype=np.int64)
    place[names[order]] = np.arange(len(names))
    return place[labels]
