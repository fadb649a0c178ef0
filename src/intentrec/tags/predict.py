"""Stage 3: descriptions of what each user may want next (RecGPT-V1, section 2.2)."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

import numpy as np
import polars as pl

from intentrec.llm.model import LanguageModel
from intentrec.progress import SILENT, Progress
from intentrec.stages import Refusals, StageResult
from intentrec.tables import TAGS
from intentrec.tags.by_interest import choose_tags
from intentrec.tags.by_user import write_tags
from intentrec.tags.candidates import Candidates, find_candidates
from intentrec.tags.config import TagsConfig
from intentrec.tags.follow import follow_scores
from intentrec.tags.phrasebook import Phrasebook, alive_phrases, open_phrasebook, touched_phrases
from intentrec.tags.selection import Tag, UserInterest, expanded, interests_of_users, recent_phrases, select
from intentrec.tags.writing import STAGE, Desk
from intentrec.text.embeddings import Embedder
from intentrec.text.wording import month_name

Chosen = dict[str, list[tuple[UserInterest, Tag]]]


def predict_tags(
    profiles: pl.DataFrame,
    interests: pl.DataFrame,
    events: pl.DataFrame,
    catalogue: pl.DataFrame,
    embedder: Embedder,
    config: TagsConfig,
    language: str,
    as_of: datetime,
    model: LanguageModel | None = None,
    llm_users: frozenset[str] | None = None,
    progress: Progress = SILENT,
    brands: Collection[str] = (),
    shop_until: datetime | None = None,
) -> StageResult:
    """Ranked tags of every user with an interest.

    Rules take phrases of the catalogue that are near to an interest or that others went on to from its evidence; where
    there is a model, what it writes or chooses comes first, as far as it passes the gate.

    Args:
        profiles: `PROFILES`; their attributes stand in prompts, and their `as_of` says up to when a user is known.
        interests: `INTERESTS`, for any users.
        events: `EVENTS` of all users; only rows before `as_of` are read.
        catalogue: `CATALOGUE`.
        embedder: Text vectors; similarities in `config` are cosines of them.
        config: Bounds, thresholds and word lists.
        language: "en" or "ru": prompts and reasons.
        as_of: Time of the run, exclusive; prompts hold its month only, so that a daily run does not change them all.
        model: Writes for `llm_users`; None leaves everything to the rules.
        llm_users: Whom the model writes for; None means everyone.
        progress: Where the model's progress is shown.
        brands: Names that never stand in a tag.
        shop_until: What the whole shop does (what follows what, which phrases are alive) is counted before this time,
            so that one more day of others does not change what a quiet user is offered. By default `as_of`.

    Returns:
        A table of `TAGS` in key order, what the gate refused, and counts "passed:<model>" and "rejected:<reason>".
    """
    refusals = Refusals(STAGE, as_of)
    touched = touched_phrases(events, catalogue, as_of)
    if interests.is_empty() or catalogue.is_empty():
        return StageResult(TAGS.empty(), refusals.frame(), refusals.counts)
    shop_until = shop_until or as_of
    shop = touched.filter(pl.col("timestamp") < shop_until)
    touched = _as_profiled(touched, profiles)
    alive = alive_phrases(shop, config, shop_until)
    book = open_phrasebook(catalogue, alive, embedder, brands, config, language)
    wished = shop.filter(~pl.col("event").is_in(config.ignored_events))
    follow = follow_scores(wished, len(book.phrases), config)
    candidates = find_candidates(interests, touched, follow, book, embedder, config)
    users = interests_of_users(interests)
    recent = recent_phrases(touched, sorted(users), config)
    if model is not None:
        own = {user_id: users[user_id] for user_id in users if llm_users is None or user_id in llm_users}
        month = month_name(as_of, language)
        desk = Desk(own, recent, candidates, book, embedder, frozenset(brands), config, language, month)
        if _chooses(config, model):
            choose_tags(desk, model, refusals, progress)
        else:
            write_tags(desk, profiles, model, refusals, progress)
    chosen = _chosen(users, recent, candidates, book, embedder, config, language)
    return _result(chosen, book, embedder, refusals, as_of)


def _chosen(
    users: Mapping[str, list[UserInterest]],
    recent: Mapping[str, frozenset[int]],
    candidates: Candidates,
    book: Phrasebook,
    embedder: Embedder,
    config: TagsConfig,
    language: str,
) -> Chosen:
    """The tags of each user, what a model wrote first, without what was touched lately or means the same."""
    chosen: Chosen = {}
    for user_id in sorted(users):
        banned = expanded(recent.get(user_id, frozenset()), book) | _written(users[user_id], book, embedder, config)
        chosen[user_id] = select(users[user_id], candidates, book, banned, config, language)
    return chosen


def _as_profiled(touched: pl.DataFrame, profiles: pl.DataFrame) -> pl.DataFrame:
    """Without what users did after their profile was written: until it is due again, their tags stay as they are."""
    until = profiles.select("user_id", pl.col("as_of").alias("_until"))
    seen = touched.join(until, on="user_id", how="left", maintain_order="left")
    return seen.filter((pl.col("timestamp") < pl.col("_until")).fill_null(True)).drop("_until")


def _chooses(config: TagsConfig, model: LanguageModel) -> bool:
    return config.mode == "cluster" or (config.mode == "auto" and bool(getattr(model, "small", False)))


def _written(interests: list[UserInterest], book: Phrasebook, embedder: Embedder, config: TagsConfig) -> set[int]:
    """Phrases that mean the same as what a model wrote for the user; the rules do not repeat them."""
    tags = sorted({tag.tag for interest in interests for tag in interest.written})
    if not tags:
        return set()
    near = np.round(embedder.embed(tags) @ book.vectors.T, 4) >= config.repeat_similarity
    return set(np.flatnonzero(near.any(axis=0)).tolist())


def _result(chosen: Chosen, book: Phrasebook, embedder: Embedder, refusals: Refusals, as_of: datetime) -> StageResult:
    tags = sorted({tag.tag for pairs in chosen.values() for _, tag in pairs})
    categories = dict(zip(tags, book.phi.predict(embedder.embed(tags)), strict=True)) if tags else {}
    for pairs in chosen.values():
        for _, tag in pairs:
            refusals.passed(tag.model)
    table = TAGS.rows(_rows(chosen, categories, as_of)).sort("user_id", "rank")
    return StageResult(table, refusals.frame(), refusals.counts)


def _rows(chosen: Chosen, categories: Mapping[str, str], as_of: datetime) -> Iterator[dict[str, object]]:
    for user_id, pairs in chosen.items():
        for rank, (interest, tag) in enumerate(pairs, start=1):
            yield {
                "user_id": user_id,
                "rank": rank,
                "tag": tag.tag,
                "interest_id": interest.interest_id,
                "reason": tag.reason,
                "category": categories[tag.tag],
                "as_of": as_of,
                "model": tag.model,
                "prompt_version": tag.prompt_version,
            }
