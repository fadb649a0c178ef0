"""Stage 3: descriptions of what each user may want next (RecGPT-V1, section 2.2)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Literal

import numpy as np
import polars as pl

from intentrec.llm.model import LanguageModel
from intentrec.progress import SILENT, Progress
from intentrec.stages import Refusals, StageResult
from intentrec.tables import TAGS
from intentrec.tags.by_interest import tags_by_interest
from intentrec.tags.by_user import write_tags
from intentrec.tags.config import TagsConfig
from intentrec.tags.desk import Desk, open_desk
from intentrec.tags.planned import plan_tags
from intentrec.tags.rows import Ranked, tag_rows
from intentrec.tags.selection import UserInterest, expanded, select
from intentrec.tags.writing import STAGE, Draw, Scorer, Writer
from intentrec.text.embeddings import Embedder

Mode = Literal["whole", "cluster", "writing", "tuned"]


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
    draw: Draw | None = None,
    scorer: Scorer | None = None,
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
        draw: Gives further answers where `config.best_of` wants several.
        scorer: Chooses among them; None counts the tags that pass the gate.

    Returns:
        A table of `TAGS` in key order, what the gate refused, and counts "passed:<model>" and "rejected:<reason>".
    """
    refusals = Refusals(STAGE, as_of)
    if interests.is_empty() or catalogue.is_empty():
        return StageResult(TAGS.empty(), refusals.frame(), refusals.counts)
    desk = open_desk(
        profiles, interests, events, catalogue, embedder, config, language, as_of, brands, shop_until
    )  # fmt: skip
    if model is not None:
        own = {user_id: said for user_id, said in desk.users.items() if llm_users is None or user_id in llm_users}
        _write(replace(desk, users=own), profiles, Writer(model, refusals, progress, draw, scorer))
    return finish(desk, refusals, as_of)


def finish(desk: Desk, refusals: Refusals, as_of: datetime) -> StageResult:
    """The ranked tags of everyone at the desk: what a model wrote for them, and what the rules fill up."""
    ranked = _chosen(desk)
    for _, _, _, tag in ranked:
        refusals.passed(tag.model)
    table = TAGS.rows(tag_rows(ranked, desk, as_of)).sort("user_id", "rank")
    return StageResult(table, refusals.frame(), refusals.counts)


def resolved_mode(config: TagsConfig, model: LanguageModel) -> Mode:
    """What `auto` comes to.

    A model aligned for the stage is asked the short way it learned, another small one chooses tags interest by
    interest, a large one writes for all interests at once.
    """
    if config.mode != "auto":
        return config.mode
    if STAGE in getattr(model, "tuned", ()):
        return "tuned"
    return "cluster" if getattr(model, "small", False) else "whole"


def _write(desk: Desk, profiles: pl.DataFrame, writer: Writer) -> None:
    mode = resolved_mode(desk.config, writer.model)
    if mode != "whole":
        tags_by_interest(desk, "choosing" if mode == "cluster" else mode, writer)
    elif desk.config.planner:
        plan_tags(desk, profiles, writer)
    else:
        write_tags(desk, profiles, writer)


def _chosen(desk: Desk) -> list[Ranked]:
    """The tags of each user, what a model wrote first, without what was touched lately or means the same."""
    ranked: list[Ranked] = []
    for user_id, interests in sorted(desk.users.items()):
        banned = expanded(desk.recent.get(user_id, frozenset()), desk.book) | _written(interests, desk)
        chosen = select(interests, desk.candidates, desk.book, banned, desk.config, desk.language)
        ranked += [(user_id, rank, interest, tag) for rank, (interest, tag) in enumerate(chosen, start=1)]
    return ranked


def _written(interests: list[UserInterest], desk: Desk) -> set[int]:
    """Phrases that mean the same as what a model wrote for the user; the rules do not repeat them."""
    tags = sorted({tag.tag for interest in interests for tag in interest.written})
    if not tags:
        return set()
    near = np.round(desk.embedder.embed(tags) @ desk.book.vectors.T, 4) >= desk.config.repeat_similarity
    return set(np.flatnonzero(near.any(axis=0)).tolist())
