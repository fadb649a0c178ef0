"""What is asked in training: after which event, and which later events answer it."""

from dataclasses import dataclass

import numpy as np

from intentrec.codes import Ints
from intentrec.data.log import DAY, Seconds
from intentrec.errors import DataError
from intentrec.retrieval.topk import distinct
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.sequences import Sequences


@dataclass(frozen=True)
class Queries:
    """Questions in the order of the events after which they are asked.

    The answers are the distinct items of a run of the same user's later events. They are drawn up for a batch at a
    time: over a dense log all windows together are many times the log.

    Attributes:
        event: Place of the last event that the question may read, ascending, (Q,).
        end: The answers are events `event + 1` to `end`, exclusive, (Q,).
        time: When it is asked: the time of the first answer, (Q,).
    """

    event: Ints
    end: Ints
    time: Seconds

    def __len__(self) -> int:
        return len(self.event)

    def answers(self, chosen: Ints, item: Ints, n_items: int) -> tuple[Ints, Ints]:
        """Distinct answers of chosen questions: the place of each one's question among them, ascending, and its item.

        Args:
            chosen: (B,).
            item: Items of all events, (E,).
            n_items: How many items have a code.
        """
        first, counts = self.event[chosen] + 1, self.end[chosen] - self.event[chosen] - 1
        rows = np.repeat(np.arange(len(chosen)), counts)
        at = np.arange(len(rows)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        if len(rows) == len(chosen):  # one answer each, so none comes twice
            return rows, item[at]
        pairs = distinct(rows * n_items + item[at])
        return pairs // n_items, pairs % n_items


def queries(sequences: Sequences, config: SequenceConfig) -> Queries:
    """All questions that the config's target asks of these sequences.

    Raises:
        DataError: There is none.
    """
    n_events = len(sequences)
    ends = sequences.starts[sequences.user + 1]
    at = np.arange(n_events)
    has_next = at + 1 < ends
    if config.target == "next":
        event = np.flatnonzero(has_next)
        end = event + 2
    else:
        last_of_day = _last_of_day(sequences, ends)
        event = np.flatnonzero(has_next & (last_of_day == at))
        end = last_of_day[event + 1] + 1 if config.target == "session" else _window(sequences, event, ends, config)
    if not len(event):
        raise DataError(
            f"No user among {int((sequences.lengths > 0).sum())} has events "
            f"{'twice' if config.target == 'next' else 'on two days'}, so there is nothing to learn from. "
            "Give a longer log."
        )
    return Queries(event, end, sequences.time[event + 1])


def _last_of_day(sequences: Sequences, ends: Ints) -> Ints:
    """For each event, the place of the user's last event on the same day (UTC)."""
    day = np.floor(sequences.time / DAY).astype(np.int64)
    at = np.arange(len(day))
    following = np.minimum(at + 1, len(day) - 1)
    last = np.flatnonzero((at + 1 == ends) | (day[following] != day))
    return last[np.searchsorted(last, at)]


def _window(sequences: Sequences, event: Ints, ends: Ints, config: SequenceConfig) -> Ints:
    """The first event past the horizon of each question; exact, for any times."""
    times = np.unique(sequences.time)
    place = np.searchsorted(times, sequences.time)
    horizon = np.searchsorted(times, sequences.time[event + 1] + config.horizon_days * DAY)
    span = len(times) + 1
    found = np.searchsorted(sequences.user * span + place, sequences.user[event] * span + horizon)
    return np.minimum(found, ends[event]).astype(np.int64)
