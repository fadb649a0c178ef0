"""Names for groups: the nearest interest of the pool where it is near enough, else the group's own key phrase."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.interests.config import InterestsConfig
from intentrec.interests.gate import refuse_name, refuse_texts
from intentrec.interests.groups import Groups
from intentrec.text.phrases import Key, PhraseModel
from intentrec.text.words import stem

_BLOCK = 8192
_PHRASES_KEPT = 6
_TITLES_KEPT = 12
# A longer phrase says more; it wins unless it covers much less of the group.
_LENGTH_BONUS = {1: 1.0, 2: 1.4, 3: 1.5}


@dataclass(frozen=True)
class Pool:
    """Interests of the pool with unit vectors (n, d)."""

    names: list[str]
    vectors: NDArray[np.float32]


@dataclass(frozen=True)
class Names:
    """What each group may be called.

    Attributes:
        chosen: The name by rules, None where nothing passed the gate.
        listed: Whether it stands in the pool.
        phrases: Key phrases of each group, best first.
        titles: Distinct texts of each group, strongest first, at most twelve.
    """

    chosen: list[str | None]
    listed: list[bool]
    phrases: list[list[str]]
    titles: list[list[str]]


def name_groups(groups: Groups, pool: Pool, model: PhraseModel, config: InterestsConfig, language: str) -> Names:
    """Names by rules; every name passed `gate.refuse_name`."""
    listed_names = set(pool.names)
    nearest, similarity = nearest_names(groups.vectors, pool)
    phrases, titles = key_phrases(groups.touches, model), strongest_texts(groups.touches)
    chosen: list[str | None] = []
    listed: list[bool] = []
    for index, (own, texts) in enumerate(zip(phrases, titles, strict=True)):
        near = bool(pool.names) and similarity[index] >= config.listed_similarity
        candidates = ([pool.names[nearest[index]]] if near else []) + own
        candidates = [] if refuse_texts(texts, config) else candidates
        passed = (n for n in candidates if refuse_name(n, texts, listed_names, config, language) is None)
        name = next(passed, None)
        chosen.append(name)
        listed.append(name in listed_names)
    return Names(chosen, listed, phrases, titles)


def nearest_names(vectors: NDArray[np.float32], pool: Pool) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Index of the nearest pool interest of each row (n, d) and their cosine, rounded; ties go to the first name."""
    best = np.zeros(len(vectors), dtype=np.int64)
    cosine = np.zeros(len(vectors))
    if not pool.names:
        return best, cosine
    for start in range(0, len(vectors), _BLOCK):
        near = np.round(vectors[start : start + _BLOCK] @ pool.vectors.T, 5)
        best[start : start + _BLOCK] = near.argmax(axis=1)
        cosine[start : start + _BLOCK] = near.max(axis=1)
    return best, cosine


def key_phrases(touches: pl.DataFrame, model: PhraseModel) -> list[list[str]]:
    """Phrases of each group, best first: core words with their modifiers, by the strength of the texts."""
    phrases = touches["phrase"].unique().sort().to_list()
    parts = pl.DataFrame(
        [(p, _reading(key, model), _LENGTH_BONUS[len(key)]) for p in phrases for key in model.keys(p)],
        schema={"phrase": pl.String, "part": pl.String, "bonus": pl.Float64},
        orient="row",
    ).unique(["phrase", "part"], keep="last", maintain_order=True)
    ranked = (
        touches.group_by("group", "phrase")
        .agg(pl.col("strength").sum())
        .join(parts, on="phrase")
        .sort("group", "part", "phrase")
        .group_by("group", "part", maintain_order=True)
        .agg(score=(pl.col("strength").sum() * pl.col("bonus").first()).round(6))
        .sort("group", "score", "part", descending=[False, True, False])
    )
    return _lists(ranked, "part", touches, _PHRASES_KEPT)


def _reading(key: Key, model: PhraseModel) -> str:
    """The key with its core word in the plural where the catalogue uses it, as in "lunch bags"."""
    text = model.text(key)
    head, _, core = text.rpartition(" ")
    return text if model.core_first else f"{head} {model.plurals.get(stem(core), core)}".strip()


def strongest_texts(touches: pl.DataFrame) -> list[list[str]]:
    """Distinct texts of each group, strongest first."""
    ranked = (
        touches.group_by("group", "text")
        .agg(score=pl.col("strength").sum().round(6))
        .sort("group", "score", "text", descending=[False, True, False])
    )
    return _lists(ranked, "text", touches, _TITLES_KEPT)


def _lists(ranked: pl.DataFrame, column: str, touches: pl.DataFrame, limit: int) -> list[list[str]]:
    kept = ranked.group_by("group", maintain_order=True).agg(pl.col(column).head(limit))
    every = touches.select(pl.col("group").unique().sort()).join(kept, on="group", how="left", maintain_order="left")
    return [list(values or ()) for values in every[column].to_list()]
