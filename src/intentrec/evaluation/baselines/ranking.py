"""Top k of a block of scores, with ties settled by the smaller item id."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]
Scores = NDArray[np.float32]

# The low bits of a sum depend on how many threads a BLAS used; four bits fewer than single precision are kept.
_DROPPED_BITS = 4
_KEPT_BITS = 31 - _DROPPED_BITS  # of a positive score
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


def nearest(scores: sparse.csr_array, k: int) -> sparse.csr_array:
    """The k greatest positive entries of each row, rounded, ties settled as in `best`; nothing becomes dense.

    Args:
        scores: (B, N), without duplicates.
        k: Most entries of a row that stay.
    """
    n_rows, n_columns = scores.shape
    bits = max(1, int(n_columns - 1).bit_length())
    at_once = 1 << (63 - _KEPT_BITS - bits)
    parts = [_nearest(scores[start : start + at_once], k, bits) for start in range(0, n_rows, at_once)]
    return sparse.csr_array(sparse.vstack(parts, format="csr")) if parts else scores


def _nearest(scores: sparse.csr_array, k: int, bits: int) -> sparse.csr_array:
    row = np.repeat(np.arange(scores.shape[0], dtype=np.int64), np.diff(scores.indptr))
    values = rounded(scores.data.astype(np.float32))
    fine = values > 0
    # Row, then score descending, then column in one integer: sorting it is several times faster than three keys.
    lower = (np.int64((1 << _KEPT_BITS) - 1) - (values[fine].view(np.int32) >> _DROPPED_BITS)) << bits
    keys = (row[fine] << (_KEPT_BITS + bits)) | lower | scores.indices[fine]
    keys.sort()
    row = keys >> (_KEPT_BITS + bits)
    starts = np.searchsorted(row, np.arange(scores.shape[0]))
    keys, row = (part[np.arange(len(row)) - starts[row] < k] for part in (keys, row))
    kept = np.int64((1 << _KEPT_BITS) - 1) - ((keys >> bits) & ((1 << _KEPT_BITS) - 1))
    values = (kept << _DROPPED_BITS).astype(np.int32).view(np.float32)
    return sparse.csr_array((values, (row, keys & ((1 << bits) - 1))), shape=scores.shape)


def _keys(values: Scores) -> Ints:
    """One integer a score: a greater one is a better place, and no two of a row are equal."""
    bits = values.view(np.int32)
    ordered = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return (ordered << 32) | (_LOW - np.arange(values.shape[1], dtype=np.int64))
