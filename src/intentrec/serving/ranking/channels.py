"""Candidates of one channel with its own scores, for rankers further on."""

from dataclasses import replace

import numpy as np

from intentrec.serving.ranking.best import Row, Wanted, best, listed
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.shelf import Shelf

CHANNELS = ("user", "tag", "memory", "popular", "encoder")


def of_vector(person: Person, shelf: Shelf, wanted: Wanted, name: str, columns: slice) -> list[Row]:
    """The best items by some coordinates of the person's vector, and nothing else."""
    if person.vector is None:
        return []
    vector = np.zeros_like(person.vector)
    vector[columns] = person.vector[columns]
    rows = best(replace(person, vector=vector, added=None), shelf, replace(_plain(wanted), beta=1.0))
    return [row | {"source": name} for row in rows]


def of_tags(person: Person, shelf: Shelf, wanted: Wanted) -> list[Row]:
    """The best items by the person's interests alone, those of every interest in turn."""
    return best(replace(person, vector=None, added=None), shelf, _plain(wanted)) if person.tag_names else []


def of_memory(person: Person, shelf: Shelf, wanted: Wanted) -> list[Row]:
    """The items that memory adds most to."""
    if person.added is None:
        return []
    items, scores = person.added.indices.astype(np.int64), person.added.data.astype(np.float64)
    kept = np.ones(len(items), dtype=np.bool_) if wanted.mask is None else wanted.mask[items]
    if wanted.unseen:
        kept = kept & ~np.isin(items, person.barred(shelf))
    items, scores = items[kept], scores[kept]
    order = np.lexsort((items, -scores))[: wanted.k]
    return listed(shelf, items[order], scores[order], "memory")


def _plain(wanted: Wanted) -> Wanted:
    return replace(wanted, config=wanted.config.model_copy(update={"diversity": 0.0, "category_cap": None}))
