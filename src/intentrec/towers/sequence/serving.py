"""Vectors of users from their raw events."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding

from intentrec.codes import Ints
from intentrec.data.log import DAY, Log
from intentrec.towers.catalogue import Floats32
from intentrec.towers.sequence.encoder import Encoder
from intentrec.towers.sequence.model import with_context
from intentrec.towers.sequence.sequences import GAPS, Calendar, Sequences, gap_buckets

# Blocks of fixed sizes, so that a vector does not depend on who else is asked for: libraries pick their order of
# summation by shape.
_ROWS, _TIMES = 32, 8


def user_codes(
    encoder: Encoder, table: Tensor, calendar: Calendar, log: Log, users: Ints, now: float | None
) -> Floats32:
    """Vectors of users, (U, K, D).

    A user without events gets zeros, and what is in demand in the context coordinates.

    Args:
        encoder: In evaluation mode.
        table: Item vectors, (N, D), where the encoder is.
        calendar: Periods that the encoder knows.
        log: Events of these and perhaps other users.
        users: Codes in `log`, one for each row of the result; a user may come more than once.
        now: Seconds; only earlier events are read. None to read all, each user being asked right after their last.
    """
    config = encoder.config
    distinct, place = np.unique(users, return_inverse=True)
    log = (log if now is None else log.before(now)).of_users(distinct)[0]
    sequences = Sequences.of(log)
    end = sequences.starts[distinct + 1]
    start = np.maximum(sequences.starts[distinct], end - config.length)
    last = np.full(len(distinct), calendar.start if now is None else now)
    some = np.flatnonzero(end > start)
    last[some] = sequences.time[end[some] - 1]
    clock = last if config.clock == "last" or now is None else np.full(len(distinct), now)
    since = gap_buckets((clock - last) / DAY) if now is not None else np.zeros(len(distinct), dtype=np.int64)
    since[end == start] = GAPS - 2  # as after a long time: no question of the training had no event before it
    states = np.zeros((len(distinct), config.codes, config.width), dtype=np.float32)
    widths = -(-(end - start) // _TIMES) * _TIMES
    for width in np.unique(widths[some]):
        alike = some[widths[some] == width]
        for low in range(0, len(alike), _ROWS):
            rows = alike[low : low + _ROWS]
            states[rows] = _block(encoder, table, sequences, start[rows], end[rows], int(width))
    with torch.no_grad():
        device = table.device
        vectors = with_context(
            encoder,
            torch.from_numpy(states).to(device),
            torch.from_numpy(calendar.period(clock)).to(device),
            torch.from_numpy(since).to(device),
        )
    out: Floats32 = vectors.cpu().numpy()[place]
    return out


@torch.no_grad()
def _block(encoder: Encoder, table: Tensor, sequences: Sequences, start: Ints, end: Ints, width: int) -> Floats32:
    """States at the last events of at most `_ROWS` histories, (b, K, width)."""
    # Never wider than the positions that the encoder has.
    width = min(width, encoder.config.length)
    grid = np.zeros((_ROWS, width), dtype=np.int64)
    grid[: len(start)] = np.minimum(start[:, None] + np.arange(width), end[:, None] - 1)
    item, gap, kind = (
        torch.from_numpy(values[grid]).to(table.device) for values in (sequences.item, sequences.gap, sequences.kind)
    )
    states = encoder(embedding(item, table[:, : encoder.config.width]), gap, kind)
    lasts = torch.from_numpy(end - start - 1).to(table.device)
    found = states[torch.arange(len(start), device=table.device), lasts]
    out: Floats32 = found.reshape(len(start), encoder.config.codes, -1).cpu().numpy()
    return out
