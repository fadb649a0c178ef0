"""How well held-out events are foretold."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from intentrec.codes import Ints
from intentrec.data.log import Log
from intentrec.retrieval.topk import distinct
from intentrec.towers.catalogue import Floats32
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.epochs import LAST_K, Found, HeldOut
from intentrec.towers.sequence.sequences import Sequences

_USERS_AT_ONCE = 512


@dataclass(frozen=True)
class Trial:
    """Users to foretell events of.

    Attributes:
        past: What may be learnt and read.
        now: When users are asked; None for right after their last event.
        users: Those with events in the past and held-out ones, (V,).
        starts: Where each user's targets begin, and the end, (V + 1,).
        targets: Distinct held-out items that have events in the past, (T,).
        wanted: How many distinct items each user took; those without events in the past are missed, (V,).
        last: Whether the targets are last events, one a user.
    """

    past: Log
    now: float | None
    users: Ints
    starts: Ints
    targets: Ints
    wanted: Ints
    last: bool


def trial(log: Log, held_out: HeldOut, config: SequenceConfig) -> Trial | None:
    """The past and what to foretell from it; None where nothing can be held out.

    At most `validation_users` users are judged, evenly spread over their codes.
    """
    if held_out.since is not None:
        ahead = log.time >= held_out.since
    else:
        latest = np.full(log.n_users, -1, dtype=np.int64)
        latest[log.user] = np.arange(len(log))  # the last of equal indices stays
        latest = latest[(latest >= 0) & (np.bincount(log.user, minlength=log.n_users) > 1)]
        ahead = np.zeros(len(log), dtype=np.bool_)
        ahead[latest] = True
    past, future = log.where(~ahead), log.where(ahead)
    returning = np.zeros(log.n_users, dtype=np.bool_)
    returning[past.user] = True
    pairs = distinct((future.user * log.n_items + future.item)[returning[future.user]])
    if not len(pairs):
        return None
    users = np.unique(pairs // log.n_items)
    users = users[np.linspace(0, len(users) - 1, min(len(users), config.validation_users)).astype(np.int64)]
    pairs = pairs[np.isin(pairs // log.n_items, users)]
    wanted = np.bincount(np.searchsorted(users, pairs // log.n_items), minlength=len(users))
    known = np.zeros(log.n_items, dtype=np.bool_)
    known[past.item] = True
    pairs = pairs[known[pairs % log.n_items]]
    starts = np.searchsorted(pairs // log.n_items, np.append(users, log.n_users)).astype(np.int64)
    return Trial(past, held_out.since, users, starts, pairs % log.n_items, wanted, held_out.since is None)


def validate(judged: Trial, queries: Floats32, table: Floats32, config: SequenceConfig, device: str = "cpu") -> Found:
    """Recall, and NDCG for last events, of vectors.

    Args:
        judged: Whom to judge by.
        queries: Vectors of its users, (V, K, D).
        table: Vectors of all items, (N, D).
        config: Says how long the lists are.
        device: Where to score.
    """
    known = np.zeros(len(table), dtype=np.bool_)
    known[judged.past.item] = True
    items = torch.from_numpy(table).to(device)
    never = torch.from_numpy(~known).to(device)
    seen = Sequences.of(judged.past)
    k = min(LAST_K if judged.last else config.recall_at, int(known.sum()))
    every, fresh, gains = [], [], []
    for low in range(0, len(judged.users), _USERS_AT_ONCE):
        some = slice(low, low + _USERS_AT_ONCE)
        scores = torch.from_numpy(queries[some]).to(device) @ items.T  # (b, K, N)
        best = scores.amax(dim=1).masked_fill_(never, -torch.inf)
        users = judged.users[some]
        wanted = _dense(judged.starts[low : low + len(users) + 1], judged.targets, len(table))
        had = _had(seen, users, len(table))
        missed = judged.wanted[some] - wanted.sum(axis=1)
        every.append(_recall(best, wanted, missed, k)[0])
        shares, gain = _recall(
            best.masked_fill_(torch.from_numpy(had).to(device), -torch.inf), wanted & ~had, missed, k
        )
        fresh.append(shares)
        gains.append(gain)
    return Found(_mean(every), _mean(fresh), _mean(gains) if judged.last else float("nan"))


def _recall(
    scores: torch.Tensor, wanted: NDArray[np.bool_], missed: Ints, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of what each row wants in its first k, and the gain of the first place that hits.

    Rows that want nothing are left out.
    """
    some = wanted.sum(axis=1) + missed > 0
    values, places = (part.cpu().numpy()[some] for part in torch.topk(scores, k, dim=1))
    hits = np.take_along_axis(wanted[some], places, axis=1) & np.isfinite(values)
    shares = hits.sum(axis=1) / (wanted.sum(axis=1) + missed)[some]
    gains = np.where(hits.any(axis=1), 1 / np.log2(2 + hits.argmax(axis=1)), 0.0)
    return shares, gains


def _dense(starts: Ints, items: Ints, n_items: int) -> NDArray[np.bool_]:
    mask = np.zeros((len(starts) - 1, n_items), dtype=np.bool_)
    mask[np.repeat(np.arange(len(mask)), np.diff(starts)), items[starts[0] : starts[-1]]] = True
    return mask


def _had(seen: Sequences, users: Ints, n_items: int) -> NDArray[np.bool_]:
    mask = np.zeros((len(users), n_items), dtype=np.bool_)
    for row, user in enumerate(users):
        mask[row, seen.item[seen.starts[user] : seen.starts[user + 1]]] = True
    return mask


def _mean(parts: list[NDArray[np.float64]]) -> float:
    values = np.concatenate(parts)
    return float(values.mean()) if len(values) else float("nan")
