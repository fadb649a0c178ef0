"""Whom systems are asked for, and what each should find: users at the cut, or users at moments after it."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from intentrec.data.splits import Split
from intentrec.errors import ConfigError
from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.lists import Histories
from intentrec.evaluation.views import with_history

LEAVE_ONE_OUT = "leave-one-out"
_DIGITS = 10


@dataclass(frozen=True)
class Asked:
    """What a comparison asks.

    Attributes:
        kind: window, last or successive.
        targets: user_id (whom systems are asked for), item_id, touched (an earlier event with the item), stranger (no
            earlier event at all); sorted by user_id and item_id.
        owners: user_id (whom systems are asked for), owner (the user that it stands for), ascending by user_id.
        histories: The events before the moment that each one asked for stands for; None where systems know them from
            training.
    """

    kind: str
    targets: pl.DataFrame
    owners: pl.DataFrame
    histories: Histories | None = None


def asked_of(split: Split, config: EvaluationConfig, kinds: Collection[str] | None) -> Asked:
    """What is asked after a split.

    Raises:
        ConfigError: Targets in turn are wanted, and no one time separates them from training.
    """
    if config.targets == "window" or split.name == LEAVE_ONE_OUT:
        targets = with_history(split.targets, split.train)
        users = targets["user_id"].unique().sort()
        return Asked("window", targets, pl.DataFrame({"user_id": users, "owner": users}))
    if split.later is None:
        raise ConfigError(
            f'Targets "{config.targets}" need one time that separates training from targets, and this split has none; '
            'use protocol "time", or set evaluation.targets to "window".'
        )
    return moments(split, kinds, 1 if config.targets == "last" else config.moments_per_user, config.targets)


def moments(split: Split, kinds: Collection[str] | None, most: int, kind: str = "successive") -> Asked:
    """Each user at each moment after the cut, with all events before it as history (arXiv 2507.16289).

    Events of one user at the same time are one moment with several targets: the one half of a basket is no history of
    the other, and no order has to be made up where the log has none. Those who are asked for have names that no user of
    the log has; systems must know them by their histories alone.

    Args:
        split: With the events of its test window.
        kinds: Which kinds of events are targets; None means all. Histories hold every kind.
        most: Moments of one user; the latest are kept.
        kind: Name of the result.
    """
    later = split.train.head(0) if split.later is None else split.later
    events = pl.concat([split.train, later.select(split.train.columns)])
    chosen = later.filter(pl.col("item_id").is_not_null())
    if kinds is not None:
        chosen = chosen.filter(pl.col("event").is_in(sorted(kinds)))
    chosen = chosen.select("user_id", "item_id", "timestamp").unique()
    stands = _moments(chosen, most)
    targets = chosen.join(stands, on=["user_id", "timestamp"]).select("asked", "user_id", "item_id", "timestamp")

    def histories(asked: pl.Series) -> pl.DataFrame:
        these = stands.filter(pl.col("asked").is_in(asked.implode())).rename({"timestamp": "_moment"})
        past = events.join(these, on="user_id", maintain_order="left").filter(pl.col("timestamp") < pl.col("_moment"))
        return past.with_columns(user_id=pl.col("asked")).select(events.columns)

    owners = stands.select(user_id="asked", owner="user_id")
    return Asked(kind, _with_past(targets, events), owners, histories)


def _moments(chosen: pl.DataFrame, most: int) -> pl.DataFrame:
    """user_id, timestamp, asked: a name for each of the users' latest moments, ascending."""
    stands = chosen.select("user_id", "timestamp").unique().sort("user_id", "timestamp")
    stands = stands.group_by("user_id", maintain_order=True).tail(most)
    number = pl.int_range(pl.len()).cast(pl.String).str.zfill(_DIGITS)
    return stands.with_columns(asked=pl.lit("moment ") + number)


def _with_past(targets: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    touching = events.filter(pl.col("item_id").is_not_null())
    pairs = touching.group_by("user_id", "item_id").agg(_touched=pl.col("timestamp").min())
    users = touching.group_by("user_id").agg(_known=pl.col("timestamp").min())
    earlier = pl.col("_touched", "_known") < pl.col("timestamp")
    return (
        targets.join(pairs, on=["user_id", "item_id"], how="left")
        .join(users, on="user_id", how="left")
        .with_columns(earlier.fill_null(False))
        .select(user_id="asked", item_id="item_id", touched="_touched", stranger=~pl.col("_known"))
        .sort("user_id", "item_id")
    )
