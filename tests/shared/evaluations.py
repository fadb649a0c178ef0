"""A quick evaluation, and a system whose answers are known."""

import polars as pl

from intentrec.evaluation import EvaluationConfig
from intentrec.evaluation.config import EASESpace, IALSSpace, ItemKNNSpace, PopularitySpace

QUICK = EvaluationConfig(
    ks=(1, 2),
    samples=200,
    trials=2,
    popularity=PopularitySpace(days=(365,)),
    itemknn=ItemKNNSpace(neighbours=(5,)),
    ease=EASESpace(regularisation=(1,)),
    ials=IALSSpace(factors=(2,), regularisation=(1, 2)),
)
NONE = QUICK.model_copy(update={"baselines": ()})


class Lists:
    """A system that knows its answer: user -> items, filtered by what the user had seen."""

    def __init__(self, lists, seen=None):
        self.lists, self.seen = lists, seen or {}

    def recommend(self, users, k, *, filter_viewed=True):
        rows = []
        for user in users:
            barred = self.seen.get(user, ()) if filter_viewed else ()
            kept = [item for item in self.lists.get(user, ()) if item not in barred][:k]
            rows += [(user, rank, item) for rank, item in enumerate(kept, 1)]
        return pl.DataFrame(rows, schema={"user_id": pl.String, "rank": pl.UInt32, "item_id": pl.String}, orient="row")


SEEN = {"a": "xy", "b": "yz"}
MINE = Lists({"a": "xzy", "b": "zy", "c": "zyx"}, SEEN)
