"""Batches of samples of like length: padding is work for nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from intentrec.alignment.recipes.tokens import Row

IGNORED = -100
"""Label of a token that has no loss."""
_POOL = 64
"""Batches among whose samples those of like length are put together: fewer pad more, more repeat the same batches."""


@dataclass(frozen=True)
class Sizes:
    """How a step is made up.

    Attributes:
        micro: Most tokens that one process works on at once, with padding.
        parts: Batches of one step and process, one after the other.
    """

    micro: int
    parts: int


def sizes(batch_tokens: int, micro_tokens: int, longest: int, world: int) -> Sizes:
    """The step of `batch_tokens` over `world` processes in parts of at most `micro_tokens`.

    A part holds the longest sample in any case, so a step may be larger than it should be.
    """
    micro = max(longest, min(micro_tokens, batch_tokens // world))
    return Sizes(micro, max(1, round(batch_tokens / (world * micro))))


class Plan:
    """The batches of a whole training in their order, each a list of places of samples.

    Everything is drawn beforehand, so that a training that was interrupted finds the same batches after its checkpoint,
    whatever lies between this list and the loop that reads it.
    """

    drop_last = False

    def __init__(self, batches: Sequence[list[int]]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)

    @classmethod
    def of(cls, lengths: Sequence[int], micro: int, *, epochs: int, together: int, seed: int) -> "Plan":
        """Every sample once an epoch.

        Args:
            lengths: Tokens of each sample, at most `micro`.
            micro: Most tokens of a batch, padding included.
            epochs: Passes.
            together: Batches of one step over all processes: an epoch is filled up to full steps by batches of its own
                beginning.
            seed: Of the order.
        """
        batches: list[list[int]] = []
        for epoch in range(epochs):
            own = _pass(np.asarray(lengths), micro, np.random.default_rng([seed, epoch]))
            batches += own + [own[n % len(own)] for n in range(-len(own) % together)]
        return cls(batches)


def _pass(lengths: np.ndarray, micro: int, rng: np.random.Generator) -> list[list[int]]:
    order = rng.permutation(len(lengths))
    per_pool = max(1, _POOL * micro // max(1, int(lengths.mean())))
    batches = []
    for start in range(0, len(order), per_pool):
        pool = order[start : start + per_pool]
        batches += _filled(pool[np.argsort(lengths[pool], kind="stable")], lengths, micro)
    return [batches[n] for n in rng.permutation(len(batches))]


def _filled(ordered: np.ndarray, lengths: np.ndarray, micro: int) -> list[list[int]]:
    """Batches of samples in rising length, each as full as its longest lets it be."""
    batches: list[list[int]] = [[]]
    for place in ordered.tolist():
        if batches[-1] and (len(batches[-1]) + 1) * lengths[place] > micro:
            batches.append([])
        batches[-1].append(place)
    return batches


def collated(rows: Sequence[Row], padding: int) -> dict[str, Tensor]:
    """Ids, mask and labels, (B, L), padded on the left: the answers end together, so that logits are computed for the
    last positions alone.
    """
    length = max(len(row.question) + len(row.answer) for row in rows)
    ids = torch.full((len(rows), length), padding)
    labels = torch.full((len(rows), length), IGNORED)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for number, row in enumerate(rows):
        whole = row.question + row.answer
        ids[number, length - len(whole) :] = torch.tensor(whole)
        mask[number, length - len(whole) :] = 1
        labels[number, length - len(row.answer) :] = torch.tensor(row.answer)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}
