"""Top k of a block of scores, with ties settled by the smaller item id."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Scores = NDArray[np.float32]

# The low bits of a sum depend on how many threads a BLAS used; four bits fewer than single precision are kept.
_DROPPED_BITS = 4
_LOW = (1 << 32) - 1


def rounded(scores: Scores) -> Scores:
    """The scores with 19 bits of mantissa (six digits), and +0 for -0."""
    bits = (np.ascontiguousarray(scores, dtype=np.float32) + np.float32(0.0)).view(np.int32)
    half = np.int32(1 << (_DROPPED_BITS - 1))
    return ((bits + half) & np.int32(-(1 << _DROPPED_BITS))).view(np.float32) + np.float32(0.0)


def best(scores: Scores, k: int) -> tuple[Ints, Scores]:
    """Columns and rounded scores of the k best of each row: score descending, then column.

    Args:
        scores: (B, N); -inf where an item must not be returned.
        k: How many; fewer come back where N is smaller.

    Returns:
        Two arrays (B, min(k, N)). Places that nothing may take hold column -1 and score -inf.
    """
    n = scores.shape[1]
    k = min(k, n)
    if k < 1:
        return np.empty((len(scores), 0), dtype=np.int64), np.empty((len(scores), 0), dtype=np.float32)
    values = rounded(scores)
    keys = _keys(values)
    top = np.partition(keys, n - k, axis=1)[:, n - k :]
    top.sort(axis=1)
    columns = _LOW - (top[:, ::-1] & _LOW)
    taken = np.take_along_axis(values, columns, axis=1)
    columns[np.isneginf(taken)] = -1
    return columns, taken


def _keys(values: Scores) -> Ints:
    """One integer a score: a greater one is a better place, and no two of a row are equal."""
    bits = values.view(np.int32)
    ordered = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return (ordered << 32) | (_LOW - np.arange(values.shape[1], dtype=np.int64))
