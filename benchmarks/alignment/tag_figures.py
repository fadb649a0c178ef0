"""Figures of tags beside the house's two: every later purchase, and how unlike the tags of an answer are."""

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
    """By user: the share of the items bought in the window whose category is among those of the first tags, and the
    mean cosine distance between two tags of an answer (0 to 2; answers of a single tag are left out).

    Args:
        asked: Questions for tags.
        texts: An answer to each; None says nothing.
        later: What was bought in the window.
        embedder: Of the tags.
    """
    users = sorted({one.user_id for one in asked if one.user_id})
    targets = later.targets.filter(pl.col("user_id").is_in(users))
    found = hits_by_user(tags_as_written(asked, texts), later.catalogue, targets, later.places)
    every = dict(found.select("user_id", "every").iter_rows())
    return {f"later purchases hit, {later.name[3:]} tags": every, DIVERSITY: _diversity(asked, texts, embedder)}


def _diversity(asked: Sequence[Asked], texts: Sequence[str | None], embedder: Embedder) -> dict[str, float]:
    by_user: dict[str, list[float]] = {}
    for one, text in zip(asked, texts, strict=True):
        tags = tags_of(text or "")
        if len(tags) > 1:
            by_user.setdefault(one.user_id or "", []).append(diversity(embedder.embed(tags)))
    return {user: float(np.mean(own)) for user, own in sorted(by_user.items())}
