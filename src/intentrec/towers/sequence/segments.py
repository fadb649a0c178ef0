"""Parts of histories that are encoded at once, and the steps of an epoch made of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from intentrec.codes import Ints
from intentrec.towers.sequence.queries import Queries
from intentrec.towers.sequence.sequences import Sequences

_POOL = 16
"""Segments are sorted by length within random pools of about so many steps: little padding, and still random steps."""


@dataclass(frozen=True)
class Segments:
    """Runs of events of one user, each with questions of its own.

    Attributes:
        start: First event, (S,).
        end: Past the last event that a question of the segment reads, (S,).
        first: Questions before this event belong to the segment before; here it is read only, (S,).
    """

    start: Ints
    end: Ints
    first: Ints

    def __len__(self) -> int:
        return len(self.start)

    @property
    def lengths(self) -> Ints:
        """Events of each segment, (S,)."""
        return self.end - self.start


def segments(sequences: Sequences, asked: Queries, length: int) -> Segments:
    """Segments of at most `length` events that hold each question once.

    A user with more events has several that overlap by half, so that every question but the first few reads at least
    half of the length.
    """
    step = max(1, length // 2)
    sizes = sequences.lengths
    n_parts = np.where(sizes > 0, 1 + np.maximum(0, -(-(sizes - length) // step)), 0)
    owner = np.repeat(np.arange(len(sizes)), n_parts)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(n_parts) - n_parts, n_parts)
    start = sequences.starts[owner] + number * step
    full = np.minimum(start + length, sequences.starts[owner + 1])
    first = np.where(number > 0, start + length - step, start)
    # Events after the last question tell nobody anything: not encoded.
    before = np.searchsorted(asked.event, full)
    last = asked.event[np.maximum(before - 1, 0)]
    some = (before > 0) & (last >= first)
    return Segments(start[some], last[some] + 1, first[some])


def steps(parts: Segments, tokens: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Segments of each step of one epoch, in random order; those of a step are of like length.

    Args:
        parts: All segments.
        tokens: A step's segments, padded to the longest, have at most so many events; at least one segment.
        rng: Draws the order.
    """
    lengths = parts.lengths
    shuffled = rng.permutation(len(parts))
    pool = max(1, int(_POOL * tokens / max(1.0, lengths.mean())))
    found: list[Ints] = []
    for low in range(0, len(shuffled), pool):
        some = shuffled[low : low + pool]
        some = some[np.argsort(lengths[some], kind="stable")]
        found += _cut(some, lengths[some], tokens)
    for place in rng.permutation(len(found)):
        yield found[place]


def n_steps(parts: Segments, tokens: int) -> int:
    """About how many steps an epoch has; they differ by a few from one to the next."""
    return len(list(steps(parts, tokens, np.random.default_rng(0))))


def _cut(some: Ints, lengths: Ints, tokens: int) -> list[Ints]:
    """Cut segments in order of length into steps of a budget."""
    found, low = [], 0
    while low < len(some):
        most = lengths[low : low + max(1, tokens // max(1, int(lengths[low])))]
        size = max(1, int(np.searchsorted(most * np.arange(1, len(most) + 1), tokens, side="right")))
        found.append(some[low : low + size])
        low += size
    return found
