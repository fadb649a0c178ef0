"""Lists of several systems merged into one, each with a share that depends on how much a user did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.errors import ConfigError, DataError
from intentrec.retrieval.beta import BetaByActivity, fit_beta
from intentrec.retrieval.memory import events_of
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA
from intentrec.retrieval.quotas import fill_quotas
from intentrec.retrieval.topk import Floats

SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
MERGED_SCHEMA: dict[str, pl.DataType] = {**RECOMMENDED_SCHEMA, "source": pl.String()}


class Lists(Protocol):
    """What a channel is asked."""

    def recommend(
        self, users: Sequence[str], k: int, *, filter_viewed: bool = True, items: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """As `intentrec.retrieval.Retriever.recommend`."""
        ...


@dataclass(frozen=True)
class Merged:
    """Two systems as one: each fills its share of every list, and an item that both offer counts for the earlier turn.

    Nothing is assumed of their scores. A row's score is the negative of its rank.

    Attributes:
        channels: Name -> system, two of them.
        share: The first one's share by activity, from 0 to 1.
        events: What users did, to know how much.
    """

    channels: Mapping[str, Lists]
    share: BetaByActivity
    events: pl.DataFrame
    name: str = "merged"

    def __post_init__(self) -> None:
        if len(self.channels) != 2:
            raise ConfigError(f"Two channels are merged, not {len(self.channels)}.")
        if not all(0 <= value <= 1 for value in self.share.values):
            raise ConfigError(f"Shares {self.share.values} must lie between 0 and 1.")

    def recommend(
        self, users: Sequence[str], k: int, *, filter_viewed: bool = True, items: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """At most `k` items for each user with `source`, the channel that brought the item."""
        names = list(self.channels)
        order = pl.DataFrame({"user_id": list(users)}, schema={"user_id": pl.String}).with_row_index("_user")
        rows = [
            system.recommend(users, k, filter_viewed=filter_viewed, items=items)
            .select("user_id", "rank", "item_id")
            .with_columns(_channel=pl.lit(number))
            for number, system in enumerate(self.channels.values())
        ]
        found = pl.concat(rows).join(order, on="user_id")
        shares = self._shares(users)
        query = 2 * found["_user"].to_numpy().astype(np.int64) + found["_channel"].to_numpy()
        found = found.with_columns(_query=query).filter(pl.Series(shares[query] > 0))
        codes = found["item_id"].rank("dense").cast(pl.Int64).to_numpy()
        user, query = found["_user"].to_numpy().astype(np.int64), found["_query"].to_numpy()
        kept = fill_quotas(user, query, found["rank"].to_numpy().astype(np.int64), codes, share=shares, k=k)
        best = found[kept].with_columns(rank=pl.int_range(1, pl.len() + 1).over("user_id").cast(pl.UInt32))
        source = pl.col("_channel").replace_strict(dict(enumerate(names)), return_dtype=pl.String)
        return best.select("user_id", "rank", "item_id", score=-pl.col("rank").cast(pl.Float64), source=source)

    def _shares(self, users: Sequence[str]) -> Floats:
        """Share of both queries of each user, (2 U,)."""
        first = self.share.of(events_of(self.events, users))
        return np.column_stack([first, 1.0 - first]).ravel()


def fit_share(
    channels: Mapping[str, Lists], events: pl.DataFrame, targets: pl.DataFrame, *, k: int,
    edges: Sequence[int] = (5, 20), filter_viewed: bool = True,
) -> BetaByActivity:  # fmt: skip
    """The share of the first channel with the best recall of each bucket of activity.

    Args:
        channels: Name -> system, two of them, that have not learned from the targets.
        events: What users did before the targets.
        targets: `user_id`, `item_id`: what they did next, each pair once.
        k: Length of the list that is judged.
        edges: Numbers of events at which a new bucket begins.
        filter_viewed: Whether lists leave out what users had.

    Raises:
        DataError: There is no target.
    """
    if targets.is_empty():
        raise DataError("There is nothing to fit channel shares by: no target in the validation window.")
    users = targets["user_id"].unique().sort().to_list()
    held = {name: _Held(system.recommend(users, k, filter_viewed=filter_viewed)) for name, system in channels.items()}

    def quality(share: float) -> NDArray[np.float64]:
        lists = Merged(held, BetaByActivity.fixed(share), events).recommend(users, k)
        found = targets.join(lists.select("user_id", "item_id", hit=pl.lit(1.0)), on=["user_id", "item_id"], how="left")
        recall = found.group_by("user_id").agg(pl.col("hit").fill_null(0.0).mean()).sort("user_id")
        values: NDArray[np.float64] = recall["hit"].to_numpy()
        return values

    return fit_beta(quality, events_of(events, users), SHARES, edges)


@dataclass(frozen=True)
class _Held:
    """Lists that were asked for once."""

    lists: pl.DataFrame

    def recommend(
        self, users: Sequence[str], k: int, *, filter_viewed: bool = True, items: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """The same rows again."""
        return self.lists
