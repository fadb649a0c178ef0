"""Both roads on one log: towers and encoder alone, their scores added, and their lists merged with quotas."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from benchmarks.encoder.rows import MAIN
from benchmarks.quality import fitting
from benchmarks.quality.fitting import validation_events
from benchmarks.quality.store import PLAIN, Stored
from benchmarks.quality.tuned import Bench
from benchmarks.quality.variants import MAIN as TOWERS
from intentrec.data.asof import existing
from intentrec.encoder import Encoder
from intentrec.encoder.encoder import Reading
from intentrec.encoder.encoding import Coder
from intentrec.encoder.retriever import Served
from intentrec.errors import NotFittedError
from intentrec.pipeline.channel import NAME, Floats32, coordinates
from intentrec.retrieval.blend import Dense
from intentrec.retrieval.channels import Lists, Merged, fit_share
from intentrec.retrieval.index import ItemIndex
from intentrec.retrieval.memory import events_of
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA
from intentrec.towers import Towers
from intentrec.towers.weighing import weigh

SCORES, QUOTAS = "towers + encoder, scores", "towers + encoder, quotas"
ROWS = (SCORES, QUOTAS, TOWERS, MAIN)


@dataclass(frozen=True)
class Pair:
    """Trained towers and encoder, and both as they were before validation.

    Attributes:
        past: The events that the held-out towers know; the encoder has learned from none of the others.
        later: Those to foresee.
    """

    bench: Bench
    towers: Towers
    held_out: Towers
    encoder: Encoder
    coder: Coder
    past: pl.DataFrame
    later: pl.DataFrame

    @classmethod
    def of(cls, bench: Bench, seed: int, device: str) -> "Pair":
        """What is stored.

        Raises:
            NotFittedError: One of them was not trained.
        """
        own, rival = bench.store.run(TOWERS, seed).folder, bench.store.run(MAIN, seed).folder
        for folder, command in (
            (own / "held-out", "benchmarks.quality run"),
            (rival / "encoder", "benchmarks.encoder"),
        ):
            if not folder.exists():
                raise NotFittedError(f"{folder} is missing; run `python -m {command}` on the same task first.")
        towers, encoder = Towers.load(own / "fit"), Encoder.load(rival / "encoder", device)
        past, later = validation_events(bench.task, towers.config)
        coder = encoder.coder(rival / "vectors", bench.progress)
        return cls(bench, towers, Towers.load(own / "held-out"), encoder, coder, past, later)

    def vectors(self, reading: Reading, users: Sequence[str]) -> tuple[Floats32, Floats32]:
        """Of items, in the order of the towers', and of users."""
        return coordinates(self.encoder, self.coder, reading, self.towers.items.names, users)

    def weighed(self) -> Towers:
        """The towers with weights for all parts and the encoder, fitted on validation."""
        task = self.bench.task
        reading = self.encoder.reading(self.past, task.items, self.held_out.as_of)

        def beside(users: Sequence[str]) -> Mapping[str, Dense]:
            items, mine = self.vectors(reading, users)
            return {NAME: Dense(mine, items)}

        blend = weigh(self.held_out, self.past, self.later, task.items, self.held_out.config, 0, beside=beside)
        return replace(self.towers, blend=blend)


@dataclass(frozen=True)
class Together(fitting.Served):
    """Towers with the encoder's coordinates beside theirs."""

    pair: Pair
    reading: Reading

    @classmethod
    def both(cls, pair: Pair, towers: Towers) -> "Together":
        """Ready to answer: `towers` have weights that know of the encoder."""
        task = pair.bench.task
        plain = fitting.Served.of(towers, task, varied=False)
        names, items = towers.item_vectors()
        reading = pair.encoder.reading(task.split.train, task.items, task.as_of)
        index = ItemIndex.build(names, np.concatenate([items, pair.vectors(reading, [])[0]], axis=1))
        return cls(towers, plain.events, index, plain.config, None, pair, reading)

    def user_vectors(self, own: pl.DataFrame, users: Sequence[str]) -> Floats32:
        """Towers' vectors, then the encoder's times their weights."""
        weight = self.towers.blend.of(NAME, events_of(own, users))
        mine = self.pair.encoder.cut(self.reading.user_vectors(users, self.pair.coder)) * weight[:, None]
        return np.concatenate([self.towers.user_vectors(own, users), mine], axis=1)


def run_together(bench: Bench, seed: int, device: str) -> None:
    """Make and keep the rows of both."""
    runs = {name: bench.store.run(name, seed) for name in (SCORES, QUOTAS)}
    if all(run.done for run in runs.values()):
        return
    pair, start = Pair.of(bench, seed, device), perf_counter()
    towers = pair.weighed()
    facts: dict[str, Any] = {
        "seed": seed, "kind": "together", "trials": 1, "train_s": perf_counter() - start, "mb": None,
        "validation_in_training": True, "device": device,
    }  # fmt: skip
    setting = {f"weight of the encoder, bucket {n + 1}": row[0] for n, row in enumerate(towers.blend.weights)}
    ms = bench.keep(runs[SCORES], bench.with_popularity(Together.both(pair, towers)))
    runs[SCORES].finish(
        facts | {"system": SCORES, "setting": setting, "blend": asdict(towers.blend), "ms_per_user": {PLAIN: ms}}
    )
    merged, shares = _merged(pair, seed)
    ms = bench.keep(runs[QUOTAS], bench.with_popularity(merged))
    setting = {f"share of the towers, bucket {n + 1}": value for n, value in enumerate(shares)}
    runs[QUOTAS].finish(facts | {"system": QUOTAS, "setting": setting, "ms_per_user": {PLAIN: ms}})


def _merged(pair: Pair, seed: int) -> tuple[Merged, tuple[float, ...]]:
    """Lists merged with shares that are fitted on the validation users."""
    task = pair.bench.task
    users = pair.later.join(pair.past, on="user_id", how="semi")["user_id"].unique().sort()
    users = users.gather(np.sort(np.random.default_rng(0).permutation(len(users))[: pair.towers.config.blend_users]))
    coded = pair.later.filter(pl.col("user_id").is_in(users.implode())).select("user_id", "item_id").unique()
    had = pair.past.select("user_id", "item_id").unique()
    filtered = task.tuning_view == "new"
    targets = coded.join(had, on=["user_id", "item_id"], how="anti") if filtered else coded
    served = Served.of(
        pair.encoder, pair.past, task.items, pair.held_out.as_of, coder=pair.coder, users=users.to_list()
    )
    before: dict[str, Lists] = {TOWERS: _PastTowers(pair), NAME: served}
    k = task.tuning_k
    share = fit_share(before, pair.past, targets.sort("user_id", "item_id"), k=k, filter_viewed=filtered)
    runs = {TOWERS: pair.bench.store.run(TOWERS, seed), NAME: pair.bench.store.run(MAIN, seed)}
    now: dict[str, Lists] = {name: _Stored(run.system()) for name, run in runs.items()}
    return Merged(now, share, task.split.train), share.values


@dataclass(frozen=True)
class _PastTowers:
    """Held-out towers serving as of their own moment."""

    pair: Pair

    def recommend(
        self, users: Sequence[str], k: int, *, filter_viewed: bool = True, items: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Lists over the items that existed then: twice as long ones, and what came later taken out of them."""
        task, held_out = self.pair.bench.task, self.pair.held_out
        before = replace(task, split=replace(task.split, train=self.pair.past))
        served = fitting.Served.of(held_out, before, varied=False)
        there = existing(task.items, held_out.as_of)["item_id"]
        rows = served.recommend(users, 2 * k, filter_viewed=filter_viewed).filter(
            pl.col("item_id").is_in(there.implode())
        )
        ranked = rows.with_columns(rank=pl.int_range(1, pl.len() + 1).over("user_id").cast(pl.UInt32))
        return ranked.filter(pl.col("rank") <= k).select(*RECOMMENDED_SCHEMA)


@dataclass(frozen=True)
class _Stored:
    """Stored lists under the protocol of channels."""

    lists: Stored

    def recommend(
        self, users: Sequence[str], k: int, *, filter_viewed: bool = True, items: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """As they were kept."""
        return self.lists.recommend(users, k, filter_viewed=filter_viewed)
