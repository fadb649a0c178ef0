"""All items compared, with torch: on a GPU, or in half precision, and exact all the same."""

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import sparse

from intentrec.errors import ConfigError
from intentrec.extras import require
from intentrec.retrieval.indexes.protocol import IndexFacts
from intentrec.retrieval.topk import Hits, Ints, Mask, Vectors, best_pairs, joined

if TYPE_CHECKING:
    import torch

_CHUNK = 1 << 18  # items whose half-precision vectors are widened at once
_HALF = 2.0**-11  # greatest relative error of rounding to half precision
_TINY = 2.0**-25  # greatest error where the value is too small for that


class TorchIndex:
    """Scores on the device, candidates within the rounding error of the k-th, and their exact scores on the host.

    Args:
        vectors: (N, D); they stay on the host for the exact scores.
        device: "cpu", "cuda" or "cuda:1".
        half: Hold the vectors on the device in half precision: half the memory, the same lists.
        block_scores: Most scores held at once.

    Raises:
        ConfigError: There is no such device here.
        MissingExtra: torch is not installed.
    """

    compares_all: ClassVar[bool] = True

    def __init__(
        self, vectors: Vectors, *, device: str = "cpu", half: bool = False, block_scores: int = 4_000_000
    ) -> None:
        self._torch = require("torch", 'searching with torch (retrieval.index = "torch")')
        if device.startswith("cuda") and not self._torch.cuda.is_available():
            raise ConfigError(f"retrieval.index_device is {device!r}, but torch finds no GPU here; set it to 'cpu'.")
        self.vectors = vectors
        self.block_scores = block_scores
        self._half = half
        # Scaled to at most 1: nothing overflows half precision, and little is too small for it.
        self._scale = float(np.abs(vectors).max(initial=0.0)) or 1.0
        held = self._torch.from_numpy(vectors / np.float32(self._scale))
        self._items: torch.Tensor = held.to(device, self._torch.float16 if half else self._torch.float32)
        self._longest = float(np.linalg.norm(vectors.astype(np.float64), axis=1).max(initial=0.0)) / self._scale

    @cached_property
    def facts(self) -> IndexFacts:
        """What it is."""
        return IndexFacts.of("torch", self.vectors)

    def search(
        self,
        queries: Vectors,
        k: int,
        *,
        allowed: Mask | None = None,
        excluded: sparse.csr_array | None = None,
        excluded_rows: Ints | None = None,
    ) -> Hits:
        """See `VectorIndex.search`."""
        rows_of = np.arange(len(queries), dtype=np.int64) if excluded_rows is None else excluded_rows
        columns = np.arange(len(self.vectors)) if allowed is None else np.flatnonzero(allowed)
        items = self._items if allowed is None else self._items[self._torch.from_numpy(columns).to(self._items.device)]
        step = max(1, self.block_scores // max(1, len(columns)))
        parts = []
        for start in range(0, len(queries) if k > 0 and len(columns) else 0, step):
            block = queries[start : start + step]
            barred = None if excluded is None else excluded[rows_of[start : start + step]][:, columns]
            rows, picked = self._candidates(block, items, k, barred)
            parts.append(best_pairs(block, self.vectors, rows, columns[picked], k, first=start))
        return joined(parts)

    def _candidates(
        self, block: Vectors, items: "torch.Tensor", k: int, barred: sparse.csr_array | None
    ) -> tuple[Ints, Ints]:
        """Everything whose score on the device is within the rounding error of the k-th."""
        torch = self._torch
        queries = torch.from_numpy(np.ascontiguousarray(block)).to(items.device)
        chunks = [queries @ items[at : at + _CHUNK].float().T for at in range(0, len(items), _CHUNK)]
        scores = torch.cat(chunks, dim=1)  # (B, N)
        if barred is not None:
            held = barred.tocoo()
            kept = held.data != 0
            at = (torch.from_numpy(held.row[kept].astype(np.int64)), torch.from_numpy(held.col[kept].astype(np.int64)))
            scores[at[0].to(items.device), at[1].to(items.device)] = -torch.inf
        kth = torch.topk(scores, min(k, len(items)), dim=1, sorted=True).values[:, -1:].double()
        lengths = queries.double().norm(dim=1, keepdim=True)
        width = block.shape[1]
        error = lengths * self._longest * width * float(np.finfo(np.float32).eps)
        if self._half:
            error += lengths * (self._longest * _HALF * 1.01 + width**0.5 * _TINY)
        found = torch.nonzero((scores.double() >= kth - 2 * error) & (scores > -torch.inf))
        pairs = found.cpu().numpy().astype(np.int64)
        return pairs[:, 0], pairs[:, 1]
