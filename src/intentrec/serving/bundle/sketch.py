"""Nearest texts among a million: a short form of every vector finds candidates, the whole vectors decide."""

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]

_WIDTH = 64
_SAMPLE = 20_000
_FEW = 20_000  # comparing so many whole vectors takes some 20 ms
_CANDIDATES = 20  # for each neighbour that is wanted


def fit_sketch(text: NDArray[np.float16]) -> tuple[Floats32, Floats32]:
    """Axes of greatest spread, (T, S), and every vector along them, (N, S); both without columns where not needed."""
    if text.shape[1] <= _WIDTH or len(text) <= _FEW:
        return np.zeros((text.shape[1], 0), np.float32), np.zeros((len(text), 0), np.float32)
    sample = text[:: max(1, len(text) // _SAMPLE)].astype(np.float64)
    _, axes = np.linalg.eigh(sample.T @ sample)
    axes = np.ascontiguousarray(axes[:, ::-1][:, :_WIDTH].astype(np.float32))
    sketch = np.empty((len(text), _WIDTH), dtype=np.float32)
    for start in range(0, len(text), _SAMPLE):
        part = slice(start, start + _SAMPLE)
        sketch[part] = text[part].astype(np.float32) @ axes
    return axes, sketch


def nearest_texts(
    vectors: Floats32, text: NDArray[np.float16], axes: Floats32, sketch: Floats32, n: int
) -> NDArray[np.int64]:
    """Rows of the `n` nearest texts of each vector by cosine, nearest first, ties to the smaller row, (V, min(n, N)).

    Args:
        vectors: Unit rows, (V, T).
        text: Unit rows, (N, T).
        axes: As `fit_sketch` made them.
        sketch: As `fit_sketch` made them.
        n: How many.
    """
    n = min(n, len(text))
    found = np.empty((len(vectors), n), dtype=np.int64)
    for place, vector in enumerate(vectors):
        rows = _candidates(vector @ axes, sketch, n * _CANDIDATES) if axes.shape[1] else np.arange(len(text))
        likeness = np.round(text[rows].astype(np.float32) @ vector, 5)
        found[place] = rows[np.lexsort((rows, -likeness))[:n]]
    return found


def _candidates(short: Floats32, sketch: Floats32, n: int) -> NDArray[np.int64]:
    likeness = sketch @ short
    n = min(n, len(likeness))
    best: NDArray[np.int64] = np.argpartition(-likeness, n - 1)[:n].astype(np.int64)
    return best
