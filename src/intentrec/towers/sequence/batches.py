"""One step as arrays: histories, questions, answers, negatives, and the items that any of them needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.data.log import DAY
from intentrec.towers.catalogue import Floats32
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.queries import Queries
from intentrec.towers.sequence.sampling import Own, Sampler
from intentrec.towers.sequence.segments import Segments
from intentrec.towers.sequence.sequences import Calendar, Sequences, gap_buckets


@dataclass(frozen=True)
class Batch:
    """A step, or one process's share of it. Items are given as places in `items`.

    Attributes:
        items: Distinct items that the whole step needs; the shared negatives come first, (n,).
        history: (B, T); behind a history's end, any item.
        gaps: (B, T).
        kinds: (B, T).
        at: Where each question is asked, as a place in the histories laid out in a row, ascending, (Q,).
        periods: Calendar period of each question's clock, (Q,).
        since: Bucket of the time between each question and its last event, (Q,).
        rows: Question of each target, ascending, (P,).
        targets: (P,).
        weights: Of each target; they sum to 1 over the whole step, (P,).
        masked: Cells of the (Q, C) scores of shared negatives that are answers: rows, ascending, and columns, (2, M).
        bias: Of each shared negative, (C,).
        own: Further negatives of each question, or None.
        n_events: How many events the histories have, without padding.
    """

    items: Ints
    history: Ints
    gaps: Ints
    kinds: Ints
    at: Ints
    periods: Ints
    since: Ints
    rows: Ints
    targets: Ints
    weights: Floats32
    masked: Ints
    bias: Floats32
    own: Own | None
    n_events: int


class Batcher:
    """Makes batches of segments; draws from one generator."""

    def __init__(
        self,
        sequences: Sequences,
        asked: Queries,
        parts: Segments,
        sampler: Sampler,
        calendar: Calendar,
        config: SequenceConfig,
        rng: np.random.Generator,
    ) -> None:
        self.sequences, self.asked, self.parts, self.sampler = sequences, asked, parts, sampler
        self.calendar, self.config, self.rng = calendar, config, rng
        self._end = float(sequences.time.max())
        self._place = np.full(sequences.n_items, -1, dtype=np.int64)  # scratch: the place of each item in a step
        self._touched = np.zeros(0, dtype=np.int64)

    def batch(self, chosen: Ints, share: tuple[int, int] = (0, 1)) -> Batch:
        """The step of chosen segments.

        Args:
            chosen: Segments, (B,).
            share: This process's number and how many there are. Each draws the whole step, so that all draw the same,
                and keeps every so many-th segment of it.
        """
        grid = _grid(self.parts.start[chosen], self.parts.end[chosen])
        asking, question = self._questions(chosen, grid.shape[1])
        rows, answers = self.asked.answers(question, self.sequences.item, self.sequences.n_items)
        target_rows, targets = self._some(rows, answers, len(question))
        shared = self.sampler.shared(targets, self.rng)
        event, asked_at = self.asked.event[question], self.asked.time[question]
        user, last = self.sequences.user[event], self.sequences.time[event]
        own = self.sampler.own(rows, answers, user, last, asked_at, self.rng)
        needed = [self.sequences.item[grid].ravel(), targets] + ([] if own is None else [own.ids.ravel()])
        items = self._gathered(shared.ids, needed)
        columns = self._place[answers]
        hits = columns < len(shared.ids)
        mine = np.zeros(len(chosen), dtype=np.bool_)
        mine[share[0] :: share[1]] = True
        kept = _Kept(mine, asking // grid.shape[1], rows[hits], target_rows)
        clock = last if self.config.clock == "last" else asked_at
        events = grid[mine]
        return Batch(
            items=items,
            history=self._place[self.sequences.item[events]],
            gaps=self.sequences.gap[events],
            kinds=self.sequences.kind[events],
            at=kept.at(asking, grid.shape[1]),
            periods=self.calendar.period(clock)[kept.questions],
            since=gap_buckets((asked_at - last) / DAY)[kept.questions],
            rows=kept.renumbered(target_rows[kept.targets]),
            targets=self._place[targets[kept.targets]],
            weights=self._weights(target_rows, asked_at)[kept.targets],
            masked=np.stack([kept.renumbered(rows[hits][kept.cells]), columns[hits][kept.cells]]),
            bias=shared.bias,
            own=None if own is None else Own(self._place[own.ids[kept.questions]], own.bias[kept.questions]),
            n_events=int((self.parts.end - self.parts.start)[chosen[mine]].sum()),
        )

    def _questions(self, chosen: Ints, width: int) -> tuple[Ints, Ints]:
        """Where in the grid each question of the segments is asked, and its number; segment by segment."""
        first, end = self.parts.first[chosen], self.parts.end[chosen]
        low, high = np.searchsorted(self.asked.event, first), np.searchsorted(self.asked.event, end)
        counts = high - low
        segment = np.repeat(np.arange(len(chosen)), counts)
        number = np.arange(len(segment)) + np.repeat(low - (np.cumsum(counts) - counts), counts)
        at = self.asked.event[number] - self.parts.start[chosen][segment]
        return segment * width + at, number

    def _some(self, rows: Ints, answers: Ints, n_queries: int) -> tuple[Ints, Ints]:
        """At most `max_targets` random answers of each question."""
        counts = np.bincount(rows, minlength=n_queries)
        if counts.max(initial=0) <= self.config.max_targets:
            return rows, answers
        order = np.lexsort((self.rng.random(len(rows)), rows))
        rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        kept = np.sort(order[rank < self.config.max_targets])
        return rows[kept], answers[kept]

    def _weights(self, rows: Ints, asked_at: NDArray[np.float64]) -> Floats32:
        weights = np.bincount(rows, minlength=len(asked_at)).astype(np.float64)[rows] ** -self.config.crowd
        if self.config.fading_days:
            weights *= 0.5 ** ((self._end - asked_at[rows]) / DAY / self.config.fading_days)
        shares: Floats32 = (weights / weights.sum()).astype(np.float32)
        return shares

    def _gathered(self, shared: Ints, needed: list[Ints]) -> Ints:
        """All distinct items, the shared ones first; notes the place of each."""
        self._place[self._touched] = -1
        self._place[shared] = np.arange(len(shared))
        others = np.concatenate(needed)
        others = np.unique(others[self._place[others] < 0])
        self._place[others] = len(shared) + np.arange(len(others))
        self._touched = np.concatenate([shared, others])
        return self._touched


class _Kept:
    """What of a step belongs to one process."""

    def __init__(self, mine: NDArray[np.bool_], segment: Ints, masked_rows: Ints, target_rows: Ints) -> None:
        self._segments = mine
        self._segment = segment
        self.questions = mine[segment]
        self.targets = self.questions[target_rows]
        self.cells = self.questions[masked_rows]
        self._number = np.cumsum(self.questions) - 1
        self._place = np.cumsum(mine) - 1

    def renumbered(self, rows: Ints) -> Ints:
        """Questions of the step as questions of the share."""
        return self._number[rows]

    def at(self, asking: Ints, width: int) -> Ints:
        """Places in the grid of the step as places in that of the share."""
        asking, segment = asking[self.questions], self._segment[self.questions]
        return asking + (self._place[segment] - segment) * width


def _grid(start: Ints, end: Ints) -> Ints:
    """Events of segments, (B, T); behind the end of a segment, its first event."""
    steps = np.arange(int((end - start).max()))
    grid = start[:, None] + steps
    return np.where(grid < end[:, None], grid, start[:, None])
