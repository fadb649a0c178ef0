"""Token ids as padded tensors, texts of like length together."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from intentrec.codes import Ints
from intentrec.encoder.vocabulary import Tokens

_STEP = 8  # padded lengths are multiples of this: matrices of few shapes, aligned for tensor cores


def padded(texts: Sequence[Tokens], padding: int, device: str) -> tuple[Tensor, Tensor]:
    """Ids (B, L) and lengths (B,)."""
    lengths = [len(text) for text in texts]
    ids = np.full((len(texts), _padded_length(max(lengths))), padding, dtype=np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
    return torch.from_numpy(ids).to(device), torch.tensor(lengths, device=device)


def by_length(texts: Sequence[Tokens], most: int) -> Iterator[Ints]:
    """Places of texts of like length, at most so many together, the longest first: what does not fit into memory
    fails at once.
    """
    order = np.argsort([-len(text) for text in texts], kind="stable")
    for start in range(0, len(order), most):
        yield order[start : start + most]


def by_tokens(texts: Sequence[Tokens], most: int) -> Iterator[Ints]:
    """Places of texts of like length, at most so many tokens with padding together and always one text."""
    order = np.argsort([-len(text) for text in texts], kind="stable")
    start = 0
    while start < len(order):
        n = max(1, most // max(1, _padded_length(len(texts[order[start]]))))
        yield order[start : start + n]
        start += n


def _padded_length(n: int) -> int:
    return -(-n // _STEP) * _STEP
