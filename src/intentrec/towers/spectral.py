"""A start for item embeddings: the directions in which users differ most."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from intentrec.towers.log import Log

Floats32 = NDArray[np.float32]


def spectral_vectors(log: Log, width: int) -> Floats32:
    """Unit item vectors, (N, width): right singular vectors of the binary user-item matrix with unit columns.

    Items without events have zero vectors. Where the matrix has fewer than `width` directions the rest is zero.
    """
    ones = np.ones(len(log), dtype=np.float64)
    binary = sparse.csr_array((ones, (log.user, log.item)), shape=(log.n_users, log.n_items))
    binary.data[:] = 1.0
    popularity: NDArray[np.float64] = np.asarray(binary.sum(axis=0)).ravel()
    scaled = binary @ sparse.diags_array(1.0 / np.sqrt(np.maximum(popularity, 1.0)))
    rank = min(width, min(scaled.shape) - 1)
    out = np.zeros((log.n_items, width), dtype=np.float32)
    if rank < 1:
        return out
    _, strength, directions = svds(scaled, k=rank, v0=np.ones(min(scaled.shape)))
    vectors = directions.T * strength
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    # Signs of singular vectors are free: fix them, so that reruns and machines agree.
    signs = np.where(vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)] < 0, -1.0, 1.0)
    out[:, :rank] = np.where(norms > 1e-9, vectors * signs / np.maximum(norms, 1e-9), 0.0)
    return out
