"""The desk at which tags are written: the people, the phrases, and what others moved on to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from intentrec.tags.candidates import Candidates, find_candidates
from intentrec.tags.config import TagsConfig
from intentrec.tags.follow import follow_scores
from intentrec.tags.phrasebook import Phrasebook, alive_phrases, open_phrasebook, touched_phrases
from intentrec.tags.selection import UserInterest, interests_of_users, recent_phrases
from intentrec.text.embeddings import Embedder
from intentrec.text.wording import month_name


@dataclass(frozen=True)
class Desk:
    """All that is needed to ask for tags and to judge them.

    Attributes:
        users: Interests of the users that a model writes for, heaviest first.
        recent: Phrases each of them touched lately.
        follow: `follow_scores` of the shop.
        month: The season, as near as prompts come to the date.
    """

    users: Mapping[str, list[UserInterest]]
    recent: Mapping[str, frozenset[int]]
    candidates: Candidates
    follow: csr_array
    book: Phrasebook
    embedder: Embedder
    brands: frozenset[str]
    config: TagsConfig
    language: str
    month: str

    def recent_phrases(self, user_id: str) -> list[str]:
        """What the user touched lately, in words."""
        return sorted(self.book.phrases[phrase] for phrase in self.recent.get(user_id, frozenset()))

    def vectors(self, tags: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Vectors of tags by their words."""
        distinct = sorted(set(tags))
        return dict(zip(distinct, self.embedder.embed(distinct), strict=True)) if distinct else {}


def open_desk(
    profiles: pl.DataFrame,
    interests: pl.DataFrame,
    events: pl.DataFrame,
    catalogue: pl.DataFrame,
    embedder: Embedder,
    config: TagsConfig,
    language: str,
    as_of: datetime,
    brands: Collection[str] = (),
    shop_until: datetime | None = None,
) -> Desk:
    """The desk of all users with an interest; arguments as in `predict_tags`, with at least one interest and item."""
    touched, until = touched_phrases(events, catalogue, as_of), shop_until or as_of
    shop = touched.filter(pl.col("timestamp") < until)
    touched = _as_profiled(touched, profiles)
    book = open_phrasebook(catalogue, alive_phrases(shop, config, until), embedder, brands, config, language)
    follow = follow_scores(shop.filter(~pl.col("event").is_in(config.ignored_events)), len(book.phrases), config)
    users = interests_of_users(interests)
    return Desk(
        users=users,
        recent=recent_phrases(touched, sorted(users), config),
        candidates=find_candidates(interests, touched, follow, book, embedder, config),
        follow=follow,
        book=book,
        embedder=embedder,
        brands=frozenset(brands),
        config=config,
        language=language,
        month=month_name(as_of, language),
    )


def _as_profiled(touched: pl.DataFrame, profiles: pl.DataFrame) -> pl.DataFrame:
    """Without what users did after their profile was written: until it is due again, their tags stay as they are."""
    until = profiles.select("user_id", pl.col("as_of").alias("_until"))
    seen = touched.join(until, on="user_id", how="left", maintain_order="left")
    return seen.filter((pl.col("timestamp") < pl.col("_until")).fill_null(True)).drop("_until")
