"""Peak memory and time of one comparison: many users, many items, lists of 500, all metrics, all views.

Run: python -m benchmarks.evaluation_memory            (100,000 users, 1,000,000 items, two systems of cheap lists)
     python -m benchmarks.evaluation_memory --exact --users 2000        (exact search of all items, width 64)

What is measured is the comparison: lists of systems decoded and checked, metrics, strata, bootstrap, Wilcoxon. The
default systems invent their lists, so that their own cost stays out of it; `--exact` searches for them, with item
vectors of width 64 in memory. The peak is that of the process (resource.getrusage), Python, the log and the systems
included.
"""

import argparse
import resource
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.data.splits import global_time
from intentrec.evaluation import EvaluationConfig, Recommends, estimate_memory, evaluate

GIB = float(1 << 30)
START = datetime(2024, 1, 1, tzinfo=UTC)
N_CATEGORIES = 200
USERS_AT_ONCE = 64


class Invented:
    """Lists without a search: a stride through the items from a place of the user's own."""

    def __init__(self, items: pl.Series, seed: int) -> None:
        self._items = items
        self._rng = np.random.default_rng(seed)

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """As many distinct items for each user."""
        n = len(self._items)
        first = self._rng.integers(0, n, size=(len(users), 1))
        return frame(users, (first + np.arange(k) * (n // k)) % n, self._items)


class Exact:
    """The best of all items by dot product, a block of users at a time; nothing is filtered."""

    def __init__(self, items: pl.Series, width: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._items = items
        self._vectors = rng.standard_normal((len(items), width), dtype=np.float32)
        self._rng = rng

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """The best items for each user."""
        best = np.empty((len(users), k), dtype=np.int64)
        for start in range(0, len(users), USERS_AT_ONCE):
            n = min(USERS_AT_ONCE, len(users) - start)
            asked = self._rng.standard_normal((n, self._vectors.shape[1]), dtype=np.float32)
            best[start : start + n] = top(asked @ self._vectors.T, k)
        return frame(users, best, self._items)


def top(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    columns = np.argpartition(-scores, k, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1)


def frame(users: Sequence[str], items: NDArray[np.int64], ids: pl.Series) -> pl.DataFrame:
    n, k = items.shape
    return pl.DataFrame(
        {
            "user_id": pl.Series(list(users)).gather(np.repeat(np.arange(n), k)),
            "rank": np.tile(np.arange(1, k + 1, dtype=np.uint32), n),
            "item_id": ids.gather(items.ravel()),
        }
    )


def log(n_users: int, ids: pl.Series, per_user: int, seed: int) -> pl.DataFrame:
    """Events over a hundred days, items by a power law."""
    rng = np.random.default_rng(seed)
    n = n_users * per_user
    item = (len(ids) * rng.random(n) ** 3).astype(np.int64)
    minutes = np.sort(rng.integers(0, 100 * 24 * 60, size=n)) * np.timedelta64(1, "m")
    names = pl.Series([f"user{u:07}" for u in range(n_users)])
    return pl.DataFrame(
        {
            "row": np.arange(n),
            "user_id": names.gather(rng.integers(0, n_users, size=n)),
            "item_id": ids.gather(item),
            "timestamp": pl.Series(np.datetime64("2024-01-01", "us") + minutes).dt.replace_time_zone("UTC"),
        }
    ).with_columns(event=pl.lit("purchase"))


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--events-per-user", type=int, default=20)
    parser.add_argument("--systems", type=int, default=2)
    parser.add_argument("--exact", action="store_true", help="search all items instead of inventing lists")
    parser.add_argument("--width", type=int, default=64, help="of the vectors of --exact")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    ids = pl.Series("item_id", [f"item{i:07}" for i in range(options.items)])
    events = log(options.users, ids, options.events_per_user, options.seed)
    items = pl.DataFrame({"item_id": ids, "category": [f"c{i % N_CATEGORIES}" for i in range(options.items)]})
    split = global_time(events, START + timedelta(days=72), timedelta(days=28))
    systems: dict[str, Recommends] = {
        f"system {n}": Exact(ids, options.width, n) if options.exact else Invented(ids, n)
        for n in range(options.systems)
    }
    config = EvaluationConfig(baselines=())
    users = split.targets["user_id"].n_unique()
    estimate = estimate_memory(users, options.items, config.ks, n_systems=options.systems, n_targets=len(split.targets))
    before, start = peak_gib(), time.perf_counter()
    found = evaluate(systems, split, items, config)
    spent = time.perf_counter() - start
    # Each system answers twice, with a filter and without.
    asked = sum(found.costs["ms_per_user"].to_list()) * users * 2 / 1e3
    kind = f"exact search, width {options.width}" if options.exact else "invented lists"
    print(f"{users:,} users with targets, {options.items:,} items, {options.systems} systems ({kind}), ks {config.ks}")
    print(f"estimated {estimate / GIB:.2f} GiB")
    print(f"peak {peak_gib():.2f} GiB, of which {before:.2f} GiB before evaluate began")
    print(f"evaluate {spent:.0f} s, of which the systems themselves {asked:.0f} s")


if __name__ == "__main__":
    main()
