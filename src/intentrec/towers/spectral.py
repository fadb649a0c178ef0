"""A start for item embeddings: the directions in which users differ most."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from intentrec.data.log import Log

Floats32 = NDArray[np.float32]
_ROUNDS = 5
_SPARE = 32
_NOTHING = 1e-9


def spectral_vectors(log: Log, width: int) -> Floats32:
    """Unit item vectors, (N, width): right singular vectors of the binary user-item matrix with unit columns.

    Items without events have zero vectors. Where the matrix has fewer than `width` directions the rest is zero.
    """
    ones = np.ones(len(log), dtype=np.float64)
    binary = sparse.csr_array((ones, (log.user, log.item)), shape=(log.n_users, log.n_items))
    binary.data[:] = 1.0
    popularity: NDArray[np.float64] = np.asarray(binary.sum(axis=0)).ravel()
    scaled = binary @ sparse.diags_array(1.0 / np.sqrt(np.maximum(popularity, 1.0)))
    rank = min(width, *scaled.shape)
    vectors = _principal_rows(scaled, rank)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    out = np.zeros((log.n_items, width), dtype=np.float32)
    out[:, :rank] = np.where(norms > _NOTHING, vectors / np.maximum(norms, _NOTHING), 0.0)
    return out


def _principal_rows(matrix: sparse.csr_array, rank: int) -> NDArray[np.float64]:
    """V * S of the leading singular values, (N, rank), by subspace iteration (Halko, Martinsson and Tropp, 2011).

    Costs a few passes over the events.
    """
    rng = np.random.default_rng(0)  # where the iteration starts; the result hardly depends on it
    basis = rng.standard_normal((matrix.shape[1], min(rank + _SPARE, matrix.shape[1])))
    for _ in range(_ROUNDS):
        # torch's QR: numpy's took 20 times the processor time on a busy machine, its threads spinning.
        basis = torch.linalg.qr(torch.from_numpy(matrix.T @ (matrix @ basis)))[0].numpy()
    _, strength, directions = torch.linalg.svd(torch.from_numpy(matrix @ basis), full_matrices=False)
    leading: NDArray[np.float64] = (basis @ directions.numpy().T * strength.numpy())[:, :rank]
    signs = np.where(leading[np.abs(leading).argmax(axis=0), np.arange(leading.shape[1])] < 0, -1.0, 1.0)
    padded = np.zeros((matrix.shape[1], rank))
    padded[:, : leading.shape[1]] = leading * signs  # the sign of a singular vector is free: fix it
    return padded
