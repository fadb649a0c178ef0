"""iALS: matrix factorisation of implicit feedback (Hu et al., ICDM 2008), as the `implicit` package trains it."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.evaluation.baselines.base import Baseline, Ints, Scores, single_threaded_blas
from intentrec.evaluation.baselines.interactions import NO_DECAY_DAYS, Interactions
from intentrec.extras import require


class IALS(Baseline):
    """Scores are dot products of user and item factors; a user's are solved from the history when asked for.

    Args:
        factors: Width of the factors.
        regularisation: Weight of their squared length.
        alpha: Confidence of a pair of strength 1; a pair without events has confidence 1.
        iterations: Rounds of alternating least squares.
        seed: Of the first factors.
    """

    name = "ials"

    def __init__(
        self,
        *,
        factors: int = 64,
        regularisation: float = 10.0,
        alpha: float = 10.0,
        iterations: int = 15,
        seed: int = 0,
        half_life_days: float = NO_DECAY_DAYS,
        memory_limit_gb: float = 4.0,
    ) -> None:
        super().__init__(half_life_days=half_life_days, memory_limit_gb=memory_limit_gb)
        self.factors = factors
        self.regularisation = regularisation
        self.alpha = alpha
        self.iterations = iterations
        self.seed = seed
        self._model: Any = None
        self._item_factors: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)
        self._items_touched: NDArray[np.bool_] = np.empty(0, dtype=np.bool_)

    def bytes_needed(self, interactions: Interactions) -> float:
        """Factors and the matrix with its transpose, as `implicit` holds them."""
        n_users, n_items = interactions.values.shape
        return 4.0 * self.factors * (n_users + n_items) + 16.0 * interactions.values.nnz

    def _learn(self, interactions: Interactions, events: pl.DataFrame, items: pl.DataFrame) -> None:
        require("implicit", "the iALS baseline")
        from implicit.cpu.als import AlternatingLeastSquares

        with single_threaded_blas():  # implicit runs its own threads, and warns about those of a BLAS
            model = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularisation,
                alpha=self.alpha,
                iterations=self.iterations,
                random_state=self.seed,
            )
            model.fit(sparse.csr_matrix(interactions.values), show_progress=False)
        self._model, self._item_factors = model, model.item_factors
        self._items_touched = np.bincount(interactions.values.indices, minlength=len(interactions.items)) > 0

    def _scores(self, rows: Ints) -> Scores:
        values = self._fitted().values[rows]
        scores = np.full(values.shape, -np.inf, dtype=np.float32)
        known = np.flatnonzero(np.diff(values.indptr) > 0)
        if not len(known):
            return scores
        with single_threaded_blas():
            # Solved exactly for the final item factors, so that a user is served alike whether seen in training or not.
            factors = self._model.recalculate_user(known, sparse.csr_matrix(values[known]))
            # In double precision, so that the size of a block does not show in the digits that `best` keeps.
            scores[known] = factors.astype(np.float64) @ self._item_factors.T
        scores[:, ~self._items_touched] = -np.inf
        return scores
