"""Interests of everyone without a language model: groups, named, merged where they share a name, told from evidence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.interests.config import InterestsConfig
from intentrec.interests.gate import refuse_repeat
from intentrec.interests.groups import Groups, group_touches, regroup
from intentrec.interests.naming import Names, Pool, key_phrases, name_groups, strongest_texts
from intentrec.interests.reasons import evidence_reason
from intentrec.interests.touches import Touches
from intentrec.text.embeddings import Embedder
from intentrec.text.phrases import PhraseModel


@dataclass(frozen=True)
class Interest:
    """One interest on its way into the table; `group` is the number of the group it came from, if any."""

    user_id: str
    interest: str
    listed: bool
    stage: str
    reason: str
    evidence: tuple[int, ...]
    weight: float
    group: int | None = None
    model: str = "none"
    prompt_version: str = "rules"


@dataclass(frozen=True)
class RuleInterests:
    """What the rules made of everyone.

    Attributes:
        by_user: Interests of each user, heaviest first.
        groups: The groups behind them; `Interest.group` points into it.
        names: Names, phrases and titles of these groups.
    """

    by_user: dict[str, list[Interest]]
    groups: Groups
    names: Names


def interests_by_rules(
    touches: Touches, pool: Pool, phrases: PhraseModel, embedder: Embedder, config: InterestsConfig, language: str
) -> RuleInterests:
    """Groups of touched items as interests; every one passes the gate that models' answers pass."""
    groups = group_touches(touches, config)
    names = name_groups(groups, pool, phrases, config, language)
    merged = _merged_by_name(groups, names, touches, config)
    names = _inherited(names, merged, phrases)
    kept = _enough_evidence(merged.frame, names, config)
    vectors = _name_vectors(names, embedder)
    told = _told(merged)
    by_user: dict[str, list[Interest]] = {}
    for user_id, numbers in kept.iter_rows():
        chosen = _without_repeats(numbers, names, vectors, config)
        by_user[user_id] = [_interest(number, told, names, language) for number in chosen]
    return RuleInterests(by_user, merged, names)


def _merged_by_name(groups: Groups, names: Names, touches: Touches, config: InterestsConfig) -> Groups:
    """Groups of one user with the same name become the first of them."""
    named = groups.frame.select("user_id", "group").with_columns(name=pl.Series(names.chosen, dtype=pl.String))
    target = named.with_columns(
        target=pl.when(pl.col("name").is_null())
        .then(pl.col("group"))
        .otherwise(pl.col("group").min().over("user_id", "name"))
    )
    moved = groups.touches.join(target.select("group", "target"), on="group", how="left", maintain_order="left")
    moved = moved.with_columns(was=pl.col("group"), group=pl.col("target")).drop("target")
    return regroup(moved, touches.vectors, config)


def _inherited(names: Names, merged: Groups, model: PhraseModel) -> Names:
    """Names of merged groups: that of the first group that went into each; phrases and titles of all."""
    was = merged.touches.group_by("group").agg(pl.col("was").min()).sort("group")["was"].to_list()
    chosen, listed = [names.chosen[first] for first in was], [names.listed[first] for first in was]
    return Names(chosen, listed, key_phrases(merged.touches, model), strongest_texts(merged.touches))


def _enough_evidence(frame: pl.DataFrame, names: Names, config: InterestsConfig) -> pl.DataFrame:
    """user_id and the group numbers that may become interests, heaviest first.

    Sustained groups come first; a user without any keeps bursts of several events, and who has nothing else keeps
    single actions.
    """
    sustained = (pl.col("n_events") >= config.min_events) & (pl.col("n_days") >= config.min_days)
    tier = pl.when(sustained).then(0).when(pl.col("n_events") >= config.min_events).then(1).otherwise(2)
    named = frame.with_columns(tier=tier, name=pl.Series(names.chosen, dtype=pl.String)).drop_nulls("name")
    limit = pl.when(pl.col("tier") == 0).then(config.max_interests).otherwise(config.burst_interests)
    return (
        named.filter(pl.col("tier") == pl.col("tier").min().over("user_id"))
        .sort("user_id", "weight", "group", descending=[False, True, False])
        .filter(pl.int_range(pl.len()).over("user_id") < limit)
        .group_by("user_id", maintain_order=True)
        .agg("group")
    )


def _name_vectors(names: Names, embedder: Embedder) -> dict[str, NDArray[np.float32]]:
    distinct = sorted({name for name in names.chosen if name is not None})
    return dict(zip(distinct, embedder.embed(distinct), strict=True)) if distinct else {}


def _without_repeats(
    numbers: list[int], names: Names, vectors: dict[str, NDArray[np.float32]], config: InterestsConfig
) -> list[int]:
    kept: list[int] = []
    for number in numbers:
        name = names.chosen[number]
        assert name is not None
        kept_names = [names.chosen[other] or "" for other in kept]
        near = np.array([vectors[other] for other in kept_names], dtype=np.float32)
        if refuse_repeat(name, vectors[name], kept_names, near, config) is None:
            kept.append(number)
    return kept


def _told(groups: Groups) -> list[dict[str, Any]]:
    """Each group's row with its evidence rows and event kinds, most frequent kind first."""
    kinds = (
        groups.touches.group_by("group", "event")
        .len("n")
        .sort("group", "n", "event", descending=[False, True, False])
        .group_by("group", maintain_order=True)
        .agg(kinds="event", counts="n")
    )
    rows = groups.touches.group_by("group", maintain_order=True).agg(rows=pl.col("row").sort())
    return groups.frame.join(rows, on="group").join(kinds, on="group").sort("group").to_dicts()


def _interest(number: int, told: list[dict[str, Any]], names: Names, language: str) -> Interest:
    group = told[number]
    reason = evidence_reason(
        group["kinds"], group["counts"], group["first"], group["last"], names.titles[number], language
    )
    return Interest(
        user_id=group["user_id"],
        interest=names.chosen[number] or "",
        listed=names.listed[number],
        stage=group["stage"],
        reason=reason,
        evidence=tuple(group["rows"]),
        weight=min(group["weight"], 1.0),
        group=number,
    )
