"""The days that are learned from, and what was known before they began."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from intentrec.tags.config import TagsConfig
from intentrec.text.embeddings import Embedder


@dataclass(frozen=True)
class Window:
    """Some days of behaviour.

    Attributes:
        start: The questions are as of this time; the days begin with it.
        end: Exclusive; nothing at this time or later is read.
        events: `EVENTS` of all users, those before `start` among them.
        catalogue: `CATALOGUE` with the items that were touched; those of a catalogue as of `start` have no phrases of
            items that came later, and what was done with these is passed over.
        interests: `INTERESTS` of the users who are learned from, as of `start`.
        kinds: Kinds of events that show a wish.
        brands: Names that never stand in a tag.
        tags: Bounds of tags: what is not let through later is not learned.
    """

    start: datetime
    end: datetime
    events: pl.DataFrame
    catalogue: pl.DataFrame
    interests: pl.DataFrame
    kinds: Collection[str]
    brands: Collection[str]
    embedder: Embedder
    tags: TagsConfig
    language: str
