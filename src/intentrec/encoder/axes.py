"""Principal axes of trained vectors: whole vectors keep their cosines, narrower ones keep more of them.

Matryoshka (arXiv 2205.13147) asks training to put what matters first, which takes more steps than a small budget has. A
rotation puts it there for nothing: it changes no dot product of whole vectors, and the leading coordinates then carry
as much of the vectors as so many coordinates can.
"""

import numpy as np
from numpy.typing import NDArray

Axes = NDArray[np.float32]
SAMPLE = 2048
"""Items, and users, whose vectors decide: some times more than coordinates."""


def principal_axes(vectors: NDArray[np.floating]) -> Axes:
    """An orthogonal matrix (D, D); `vectors @ axes` has its coordinates in falling order of their squares' sum.

    Args:
        vectors: (n, D).
    """
    whole = vectors.astype(np.float64)
    _, axes = np.linalg.eigh(whole.T @ whole)  # ascending
    axes = axes[:, ::-1]
    # A column may as well point the other way: its largest number is made positive, so that machines agree.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.ascontiguousarray(axes * signs, dtype=np.float32)
