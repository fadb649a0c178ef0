"""What each part of a score counts: fitted on days that no part has seen, by how much history a user has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from intentrec.errors import DataError
from intentrec.retrieval.additions import at_pairs
from intentrec.retrieval.topk import Floats, Ints, Mask, Vectors, distinct

FACTORS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 1.6, 2.5)
_SWEEPS = 3
_FEWEST_USERS = 100


@dataclass(frozen=True)
class Blend:
    """Weights of the parts of a score, by how many events a user has.

    Attributes:
        parts: Names.
        edges: Numbers of events at which a bucket ends, ascending, (G - 1,).
        weights: A row for each bucket, (G, len(parts)).
    """

    parts: tuple[str, ...]
    edges: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]

    @classmethod
    def equal(cls, parts: Sequence[str], weight: float = 1.0) -> Self:
        """The same weight for every part and user."""
        return cls(tuple(parts), (), (tuple(weight for _ in parts),))

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Self:
        """From `dataclasses.asdict` of one, written as JSON and read again."""
        return cls(tuple(value["parts"]), tuple(value["edges"]), tuple(tuple(row) for row in value["weights"]))

    def of(self, part: str, n_events: NDArray[np.integer]) -> NDArray[np.float32]:
        """What a part counts for users with so many events, (U,); 0 for a part that was not there."""
        if part not in self.parts:
            return np.zeros(len(n_events), dtype=np.float32)
        column = np.array([row[self.parts.index(part)] for row in self.weights], dtype=np.float32)
        found: NDArray[np.float32] = column[np.searchsorted(self.edges, n_events, side="left")]
        return found


@dataclass(frozen=True)
class Dense:
    """A part whose scores are dot products: users (U, D) with items (N, D)."""

    users: Vectors
    items: Vectors


Part = Dense | sparse.csr_array


@dataclass(frozen=True)
class Wanted:
    """What validation users took.

    Attributes:
        rows: Row of the user of each target, (T,).
        items: Item of each target, (T,); no pair twice.
        seen: Non-zero where the user had the item before, (U, N).
        known: Items that had an event before the window, (N,).
        n_events: Events of each user before the window, (U,).
        worth: What finding an item counts that had no event before the window, against 1 for others: a log holds less
            demand for what was hardly shown than there was.
        there: Items that could be shown when the window began, (N,): no other competes. None for all.
    """

    rows: Ints
    items: Ints
    seen: sparse.csr_array
    known: NDArray[np.bool_]
    n_events: NDArray[np.integer]
    worth: float = 1.0
    there: Mask | None = None


def fit_blend(
    parts: Mapping[str, Part], wanted: Wanted, *, edges: Sequence[int] = (), k: int = 100, pool: int = 300,
    repeats: bool = True,
) -> Blend:  # fmt: skip
    """The weights of highest recall and NDCG on validation, their mean, one coordinate after the other.

    NDCG alone cares for the head of a list and would leave out what fills its end; recall alone forgets the order.

    Each part brings its best items; the union is ranked by the weighted sum. Weights are tried on a scale of the part's
    own spread. Buckets begin from the weights of all users, and keep them where they hold few users.

    Args:
        parts: Name -> scores of the validation users by a part that has not seen the window. Dense ones first.
        wanted: What must be found.
        edges: As in `Blend`.
        k: Length of the list that is judged.
        pool: Items that each part brings.
        repeats: Whether lists with items the user had count, beside lists without them.

    Raises:
        DataError: There is no part.
    """
    if not parts:
        raise DataError("There is no part to weigh; name one in towers.parts.")
    pooled = _Pool.of(parts, wanted, pool)
    everyone = np.ones(len(wanted.n_events), dtype=np.bool_)
    common = pooled.fitted(_start(pooled, everyone, k, repeats), everyone, k, repeats)
    bucket = np.searchsorted(tuple(edges), wanted.n_events, side="left")
    rows = []
    for number in range(len(edges) + 1):
        some = bucket == number
        rows.append(pooled.fitted(common, some, k, repeats) if some.sum() >= _FEWEST_USERS else common)
    return Blend(tuple(parts), tuple(edges), tuple(tuple(float(w) for w in row / pooled.spread) for row in rows))


@dataclass(frozen=True)
class _Pool:
    """Candidates of each user, padded.

    Attributes:
        scores: Of each part in units of its spread, (F, U, P); -inf is never in here.
        open: Whether a place holds a candidate, (U, P).
        seen: Whether the user had it, (U, P).
        rows: User of each target in the pool, (T,).
        places: Its place, (T,).
        worth: What finding it counts, (T,).
        n_all: Targets of each user, in the pool or not, and their worth, (2, U).
        n_new: Those that the user had not had, (2, U).
        spread: Standard deviation of each part's scores over the pool, (F,).
    """

    scores: NDArray[np.float32]
    open: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    rows: Ints
    places: Ints
    worth: Floats
    n_all: Floats
    n_new: Floats
    spread: Floats

    @classmethod
    def of(cls, parts: Mapping[str, Part], wanted: Wanted, size: int) -> Self:
        n_users, n_items = wanted.seen.shape
        tops = [_top(part, wanted, size) for part in parts.values()]
        pairs = distinct(np.concatenate(tops))
        user, item = pairs // n_items, pairs % n_items
        counts = np.bincount(user, minlength=n_users)
        place = np.arange(len(pairs)) - np.repeat(np.cumsum(counts) - counts, counts)
        shape = (n_users, int(counts.max(initial=1)))
        found = np.zeros((len(parts), *shape), dtype=np.float32)
        for number, part in enumerate(parts.values()):
            found[number, user, place] = _of_pairs(part, user, item)
        spread = found[:, user, place].std(axis=1, dtype=np.float64) if len(pairs) else np.zeros(len(parts))
        spread[spread == 0] = 1.0
        is_open, seen = np.zeros((2, *shape), dtype=np.bool_)
        is_open[user, place] = True
        seen[user, place] = _of_pairs(wanted.seen, user, item) != 0
        target = wanted.rows * n_items + wanted.items
        worth = np.where(wanted.known[wanted.items], 1.0, wanted.worth)
        had = _of_pairs(wanted.seen, wanted.rows, wanted.items) != 0
        at = np.searchsorted(pairs, target).clip(max=max(0, len(pairs) - 1))
        inside = pairs[at] == target if len(pairs) else np.zeros(len(target), dtype=np.bool_)
        return cls(
            found / spread[:, None, None].astype(np.float32), is_open, seen, wanted.rows[inside], place[at[inside]],
            worth[inside], _sums(wanted.rows, worth, n_users), _sums(wanted.rows[~had], worth[~had], n_users), spread,
        )  # fmt: skip

    def fitted(self, start: Floats, users: NDArray[np.bool_], k: int, repeats: bool) -> Floats:
        """Weights, (F,), from which no single change helps these users."""
        weights, best = start, self.quality(start, users, k, repeats)
        for _ in range(_SWEEPS):
            before = best
            for part in range(len(weights)):
                for factor in FACTORS:
                    tried = weights.copy()
                    tried[part] = factor
                    quality = self.quality(tried, users, k, repeats) if tried.any() else -1.0
                    if quality > best + 1e-6:
                        weights, best = tried, quality
            if best <= before + 1e-6:
                break
        return weights

    def quality(self, weights: Floats, users: NDArray[np.bool_], k: int, repeats: bool) -> float:
        """Mean of recall and NDCG of lists without what users had and, where repeats count, of lists with it."""
        total = np.where(self.open, np.tensordot(weights.astype(np.float32), self.scores, axes=1), -np.inf)
        fresh = np.where(self.seen, -np.inf, total)
        new = self._found(fresh, self.n_new, users, k)
        return (new + self._found(total, self.n_all, users, k)) / 2 if repeats else new

    def _found(self, total: NDArray[np.floating], targets: Floats, users: NDArray[np.bool_], k: int) -> float:
        n_targets, worth = targets
        asked = users & (n_targets > 0)
        if not asked.any():
            return 0.0
        own = total[self.rows, self.places]
        counted = users[self.rows] & np.isfinite(own)
        rows, own = self.rows[counted], own[counted]
        # A tie counts against: a part that says nothing of an item has not found it.
        rank = [(total[rows[at : at + 4096]] >= own[at : at + 4096, None]).sum(axis=1) - 1 for at in _steps(rows)]
        place = np.concatenate([np.empty(0), *rank])
        gains = np.where(place < k, 1.0 / np.log2(place + 2.0), 0.0)
        most = np.minimum(n_targets, k).astype(np.int64)
        ideal = np.concatenate([[0.0], np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))])[most]
        ndcg = np.bincount(rows, weights=gains, minlength=len(users))
        recall = np.bincount(rows, weights=(place < k) * self.worth[counted], minlength=len(users))
        return float((ndcg[asked] / ideal[asked] + recall[asked] / worth[asked]).mean()) / 2


def _sums(rows: Ints, worth: Floats, n_users: int) -> Floats:
    """Number and worth of each user's targets, (2, U)."""
    return np.stack([np.bincount(rows, minlength=n_users), np.bincount(rows, weights=worth, minlength=n_users)])


def _steps(rows: Ints) -> range:
    return range(0, len(rows), 4096)


def _start(pool: _Pool, users: NDArray[np.bool_], k: int, repeats: bool) -> Floats:
    """The best part alone."""
    alone = np.eye(len(pool.scores))
    best: Floats = alone[int(np.argmax([pool.quality(row, users, k, repeats) for row in alone]))]
    return best


def _top(part: Part, wanted: Wanted, size: int) -> Ints:
    """Codes, user * n_items + item, of the best of a part: of items that had events and, apart, of those that had none.

    Items without events score low or high together, and their place among the others is what is to be fitted.
    """
    n_users, n_items = wanted.seen.shape
    found = [np.empty(0, dtype=np.int64)]
    step = max(1, 4_000_000 // max(1, n_items))
    for start in range(0, n_users, step):
        rows = slice(start, start + step)
        if isinstance(part, Dense):
            scores = part.users[rows] @ part.items.T
        else:
            scores = part[rows].toarray().astype(np.float32)
            scores[scores == 0] = -np.inf
        for group in (wanted.known, ~wanted.known):
            columns = np.flatnonzero(group if wanted.there is None else group & wanted.there)
            row, column = _best(scores[:, columns], size)
            found.append((row + start) * n_items + columns[column])
    return np.concatenate(found)


def _best(scores: NDArray[np.float32], size: int) -> tuple[Ints, Ints]:
    if not scores.shape[1]:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    best = np.argpartition(-scores, min(size, scores.shape[1]) - 1, axis=1)[:, :size]
    row, place = np.nonzero(np.take_along_axis(scores, best, axis=1) > -np.inf)
    return row.astype(np.int64), best[row, place].astype(np.int64)


def _of_pairs(part: Part, user: Ints, item: Ints) -> NDArray[np.float32]:
    """Scores of chosen pairs, (P,); 0 where a sparse part says nothing."""
    if isinstance(part, Dense):
        out = np.empty(len(user), dtype=np.float32)
        for start in range(0, len(user), 100_000):
            at = slice(start, start + 100_000)
            out[at] = np.einsum("pd,pd->p", part.users[user[at]], part.items[item[at]])
        return out
    whole = sparse.csr_array(part)
    whole.sum_duplicates()
    return at_pairs(whole, user, item).astype(np.float32)
