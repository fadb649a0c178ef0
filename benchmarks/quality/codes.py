"""The row of several vectors a user: the sequence part alone, an item scored by the best of the user's codes.

`Towers` hold one vector a user, so this row is trained and ranked here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import polars as pl

from benchmarks.quality.store import PLAIN, Run
from benchmarks.quality.tasks import KINDS
from benchmarks.quality.tuned import Bench
from intentrec.retrieval import ItemIndex
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA
from intentrec.retrieval.topk import Floats, Hits, joined
from intentrec.tables import CATALOGUE
from intentrec.towers import TowersConfig
from intentrec.towers.data import TrainingData
from intentrec.towers.fitting import validation_of
from intentrec.towers.sequence import SequenceTower, train_sequence

_USERS_AT_ONCE = 128


@dataclass(frozen=True)
class Coded:
    """A sequence tower of several codes as a system.

    Attributes:
        tower: Trained.
        data: What it was trained on: the histories of all users before the cut.
        events: The same as a table, for the filter of what was seen.
        index: Every item of the catalogue.
        now: Seconds; None to ask each user right after their last event.
    """

    tower: SequenceTower
    data: TrainingData
    events: pl.DataFrame
    index: ItemIndex
    now: float | None

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """Lists of the users with history; no rows for the others."""
        known = set(self.data.users.names)
        asked = [user for user in users if user in known]
        starts = range(0, len(asked), _USERS_AT_ONCE)
        hits = joined([self._block(asked[at : at + _USERS_AT_ONCE], at, k, filter_viewed) for at in starts])
        return pl.DataFrame(
            {
                "user_id": np.asarray(asked, dtype=np.object_)[hits.query].tolist(),
                "rank": hits.rank, "item_id": self.index.ids[hits.item].tolist(), "score": hits.score,
            },
            schema=RECOMMENDED_SCHEMA,
        )  # fmt: skip

    def _block(self, users: list[str], first: int, k: int, filter_viewed: bool) -> Hits:
        scores = self._scores(users)
        if filter_viewed:
            scores[self.index.pairs(users, self.events).nonzero()] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        row, place = np.nonzero(np.take_along_axis(scores, order, axis=1) > -np.inf)
        item = order[row, place]
        return Hits(row + first, place + 1, item, scores[row, item])

    def _scores(self, users: list[str]) -> Floats:
        """Each item by the best of a user's codes, (U, N)."""
        codes = self.tower.user_codes(self.data.log, self.data.users.known(users), self.now)
        scores: Floats = np.einsum("ukd,nd->ukn", codes, self.tower.item_vectors(), optimize=True).max(axis=1)
        return scores.astype(np.float64)


def run_codes(bench: Bench, run: Run, name: str, config: TowersConfig, seed: int) -> None:
    """Train the row and keep its lists."""
    task, start = bench.task, perf_counter()
    data = TrainingData.build(
        task.split.train, task.items, as_of=task.as_of, kinds=KINDS, config=config, item_tags=CATALOGUE.empty(),
        item_text=bench.vectors, tag_text=None,
    )  # fmt: skip
    tower = train_sequence(
        data, config.sequence, held_out=validation_of(data, config), seed=seed, device="cpu", progress=bench.progress,
        checkpoint=run.checkpoint,
    )  # fmt: skip
    seconds = perf_counter() - start
    index = ItemIndex.build(list(data.catalogue.items.names), tower.item_vectors())
    system = Coded(tower, data, task.split.train, index, None if task.single else data.end)
    ms = bench.keep(run, bench.with_popularity(system))
    run.finish(
        {
            "system": name, "seed": seed, "kind": "towers", "train_s": seconds, "ms_per_user": {PLAIN: ms}, "mb": None,
            "training": "the sequence part alone; validated, then trained again on everything",
            "epochs": {"sequence": sum(epoch.part == "final" for epoch in tower.history)},
            "config": config.model_dump(mode="json"), "validation_in_training": True,
        }
    )  # fmt: skip
    run.checkpoint.unlink(missing_ok=True)
