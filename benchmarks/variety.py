"""What variety costs and brings, by setting: `python -m benchmarks.variety --data FOLDER [--item-column concept_id]`.

FOLDER holds `events.parquet` (user_id, item_id, timestamp in seconds) and `items.parquet` (item_id, category). Vectors
are iALS factors of the log before the last days; targets are what a user has in those days and did not have before. The
difference in recall@10 to the plain list is paired over users: t beyond 2 is more than chance.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.evaluation.baselines.base import single_threaded_blas
from intentrec.extras import require
from intentrec.retrieval import ItemIndex, RetrievalConfig, recommend

DAY = 86_400
SWEEP: tuple[dict[str, Any], ...] = (
    *({"diversity": weight} for weight in (0.15, 0.3, 0.45, 0.6, 0.9)),
    *({"diversity": weight, "diversity_vectors": 0.5} for weight in (0.3, 0.6, 0.9)),
    *({"diversity": weight, "diversity_vectors": 1.0} for weight in (0.3, 0.6, 0.9)),
    *({"diversity": 0.0, "category_cap": cap} for cap in (1, 2, 3)),
)


def read(folder: Path, item_column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and items, under the ids of `item_column`."""
    items = pl.read_parquet(folder / "items.parquet")
    events = pl.read_parquet(folder / "events.parquet").select("user_id", "item_id", "timestamp")
    if item_column != "item_id":
        groups = items.select("item_id", group=pl.col(item_column).cast(pl.String))
        events = events.join(groups, on="item_id").select("user_id", "timestamp", item_id="group")
        items = items.with_columns(item_id=pl.col(item_column).cast(pl.String))
    return events, items.group_by("item_id").agg(pl.col("category").mode().sort().first())


class World:
    """One log, cut in time, with vectors learned from its past.

    Attributes:
        users: Returning users with something new in the last days.
        targets: What it was, (U, N).
        seen: What they had before, (U, N).
    """

    def __init__(self, events: pl.DataFrame, items: pl.DataFrame, days: int, half_life: float) -> None:
        cut = int(events["timestamp"].max()) - days * DAY  # type: ignore[arg-type]
        past, later = events.filter(pl.col("timestamp") < cut), events.filter(pl.col("timestamp") >= cut)
        users = past["user_id"].unique().sort().to_list()
        ids = past["item_id"].unique().sort().to_list()
        self.shape = (len(users), len(ids))
        ages = (cut - past["timestamp"].to_numpy()) / DAY
        log = self._matrix(past, users, ids, 0.5 ** (ages / half_life))
        known = later.filter(pl.col("user_id").is_in(users), pl.col("item_id").is_in(ids))
        wanted = self._matrix(known, users, ids, np.ones(len(known))) > 0
        new = (wanted.astype(np.int8) - wanted.multiply(log > 0).astype(np.int8)).tocsr()
        new.eliminate_zeros()
        rows = np.flatnonzero(np.diff(new.indptr) > 0)
        self.users, self.targets = [users[row] for row in rows], new[rows].toarray() > 0
        self.seen = sparse.csr_array((log[rows] > 0).astype(np.int8))
        vectors, factors = self._factors(log)
        self.vectors, self.index = vectors[rows], ItemIndex.build(ids, factors)
        self.categories = self.index.categories(items)

    def _matrix(
        self, events: pl.DataFrame, users: list[str], ids: list[str], weights: NDArray[np.float64]
    ) -> sparse.csr_array:
        at = (np.searchsorted(users, events["user_id"].to_numpy()), np.searchsorted(ids, events["item_id"].to_numpy()))
        return sparse.coo_array((weights, at), shape=self.shape).tocsr()

    def _factors(self, log: sparse.csr_array) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        als = require("implicit", "this benchmark").als.AlternatingLeastSquares
        model = als(factors=64, alpha=10, regularization=0.05, iterations=12, random_state=0)
        damped = sparse.csr_matrix(log)
        damped.data = np.log1p(damped.data)
        with single_threaded_blas():
            model.fit(damped, show_progress=False)
        return model.user_factors, model.item_factors

    def measured(self, **settings: Any) -> dict[str, NDArray[np.float64]]:
        """Recall at 10 and 100 and distinct categories among the first ten, of each user."""
        config = RetrievalConfig(**settings)
        frame = recommend(
            self.index,
            self.users,
            self.vectors,
            100,
            beta=1.0,
            config=config,
            excluded=self.seen,
            categories=self.categories,
        )
        lists = np.searchsorted(self.index.ids, frame["item_id"].to_numpy().astype(str)).reshape(len(self.users), 100)
        hits = np.take_along_axis(self.targets, lists, axis=1)
        total = self.targets.sum(axis=1)
        shown = np.sort(self.categories[lists[:, :10]], axis=1)
        fresh = np.diff(shown, axis=1, prepend=-1) > 0
        return {
            "recall@10": hits[:, :10].sum(axis=1) / total,
            "recall@100": hits.sum(axis=1) / total,
            "categories@10": fresh.sum(axis=1).astype(np.float64),
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--item-column", default="item_id", help="recommend these instead, e.g. concept_id")
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--half-life", type=float, default=90.0, help="days after which an event counts half")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args()
    world = World(*read(args.data, args.item_column), args.days, args.half_life)
    plain = world.measured(diversity=0.0)
    means = ", ".join(f"{name} {values.mean():.4f}" for name, values in plain.items())
    print(f"{args.data.name}: {len(world.users)} users, plain lists: {means}\n")
    print("| setting | categories@10 | recall@10 | t | recall@100 |\n| --- | --- | --- | --- | --- |")
    rows = []
    for settings in SWEEP:
        found = world.measured(**settings)
        change = {name: found[name].mean() / plain[name].mean() - 1 for name in plain}
        apart = found["recall@10"] - plain["recall@10"]
        t = float(apart.mean() / max(apart.std(ddof=1) / len(apart) ** 0.5, 1e-12))
        rows.append({"setting": settings, **change, "t": t})
        named = ", ".join(f"{name} {value:g}" for name, value in settings.items())
        cells = [f"{change['categories@10']:+.1%}", f"{change['recall@10']:+.2%}", f"{t:+.1f}"]
        print(f"| {named} | {' | '.join(cells)} | {change['recall@100']:+.2%} |")
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
