"""EASE: the linear autoencoder with a closed form (Steck, WWW 2019, arXiv 1905.03375)."""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg import lapack

from intentrec.errors import DataError
from intentrec.evaluation.baselines.base import Baseline, Ints, Scores, single_threaded_blas
from intentrec.evaluation.baselines.interactions import NO_DECAY_DAYS, Interactions

_BYTES_A_PAIR = 24  # the Gram matrix twice in double precision, the weights in single, and some room


class EASE(Baseline):
    """Scores x_u B, where B minimises |X - X B|^2 + regularisation |B|^2 with a zero diagonal.

    With P = (X'X + regularisation I)^-1 the closed form is B_ij = -P_ij / P_jj off the diagonal.

    Args:
        regularisation: Weight of |B|^2.
    """

    name = "ease"

    def __init__(
        self,
        *,
        regularisation: float = 250.0,
        half_life_days: float = NO_DECAY_DAYS,
        memory_limit_gb: float = 4.0,
    ) -> None:
        super().__init__(half_life_days=half_life_days, memory_limit_gb=memory_limit_gb)
        self.regularisation = regularisation
        self._kept: Ints = np.empty(0, dtype=np.int64)
        self._weights: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)

    def bytes_needed(self, interactions: Interactions) -> float:
        """Three square matrices over the items that anybody touched."""
        return float(len(_touched(interactions))) ** 2 * _BYTES_A_PAIR

    def _learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> None:
        self._kept = _touched(interactions)
        values = interactions.values[:, self._kept].astype(np.float64)
        with single_threaded_blas():
            self._weights = closed_form((values.T @ values).toarray(), self.regularisation)

    def _scores(self, rows: Ints) -> Scores:
        values = self._fitted().values[rows]
        scores = np.full(values.shape, -np.inf, dtype=np.float32)
        known = np.flatnonzero(np.diff(values.indptr) > 0)
        scores[np.ix_(known, self._kept)] = values[known][:, self._kept] @ self._weights
        return scores


def closed_form(gram: NDArray[np.float64], regularisation: float) -> NDArray[np.float32]:
    """The weights B (I, I) of the Gram matrix X'X, which is overwritten.

    Raises:
        DataError: The matrix is too close to singular for this regularisation.
    """
    if not len(gram):
        return np.empty((0, 0), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += regularisation
    # Fortran order, so that LAPACK works in place; the matrix is symmetric and the transpose is the same.
    factor, failed = lapack.dpotrf(gram.T, lower=0, overwrite_a=1, clean=1)
    inverse, failed_too = lapack.dpotri(factor, lower=0, overwrite_c=1)
    if failed or failed_too:
        raise DataError(f"EASE cannot invert its matrix with regularisation {regularisation:g}; give more.")
    diagonal = np.diag(inverse).copy()
    np.fill_diagonal(inverse, 0.0)
    # LAPACK filled the upper half and left the lower one at 0.
    weights: NDArray[np.float32] = ((inverse + inverse.T) / -diagonal[None, :]).astype(np.float32, order="C")
    return weights


def _touched(interactions: Interactions) -> Ints:
    return np.unique(interactions.values.indices).astype(np.int64)
