"""Figures of tags beyond the house's: every later purchase, and how unlike the tags of an answer are."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from intentrec.alignment.gate import Figures
from intentrec.alignment.recipes.rewards import diversity, tags_of
from intentrec.evaluation.tag_hits import hits_by_user
from intentrec.pipeline.align_measure import Later, tags_as_written
from intentrec.pipeline.asking import Asked
from intentrec.text.embeddings import Embedder

DIVERSITY = "diversity of an answer"


def tag_figures(asked: Sequence[Asked], texts: Sequence[str | None], later: Later, embedder: Embedder) -> Figures:
    """By user: the figures of `hit_figures`, and the mean cosine distance between two tags of an answer.

    The distance is 0 to 2; answers of a single tag are left out.

    Args:
        asked: Questions for tags.
        texts: An answer to each; None says nothing.
        later: What was bought in the window.
        embedder: Of the tags.
    """
    users = sorted({one.user_id for one in asked if one.user_id})
    hits = hit_figures(tags_as_written(asked, texts), users, later)
    return {**hits, DIVERSITY: _diversity(asked, texts, embedder)}


def hit_figures(tags: pl.DataFrame, users: Sequence[str], later: Later) -> Figures:
    """HR of the next item, and the share of all later purchases whose category is hit, by user with a target.

    Args:
        tags: Rows of `TAGS`.
        users: Who was asked about; one without tags hits nothing.
        later: What was bought in the window.
    """
    targets = later.targets.filter(pl.col("user_id").is_in(list(users)))
    found = hits_by_user(tags, later.catalogue, targets, later.places)
    return {
        later.name: dict(found.select("user_id", "first").iter_rows()),
        f"later purchases hit, {later.places} tags": dict(found.select("user_id", "every").iter_rows()),
    }


def _diversity(asked: Sequence[Asked], texts: Sequence[str | None], embedder: Embedder) -> dict[str, float]:
    by_user: dict[str, list[float]] = {}
    for one, text in zip(asked, texts, strict=True):
        tags = tags_of(text or "")
        if len(tags) > 1:
            by_user.setdefault(one.user_id or "", []).append(diversity(embedder.embed(tags)))
    return {user: float(np.mean(own)) for user, own in sorted(by_user.items())}
