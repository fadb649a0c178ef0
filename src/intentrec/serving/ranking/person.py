"""What a list for one user is made from, as things stand now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from intentrec.retrieval.queries import Fused, TagQueries
from intentrec.serving.bundle import About
from intentrec.serving.ranking.shelf import Shelf

if TYPE_CHECKING:
    from intentrec.serving.live import LiveEvent

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Person:
    """A user, known or not.

    Attributes:
        vector: (D,); None for somebody without any history.
        beta: Weight of the vector against the tags.
        about: Profile, interests and tags.
        tag_names: Distinct tags.
        tag_vectors: (len(tag_names), D).
        fused: How tags become queries.
        seen: Rows of the release's items that they had an event with.
        chosen: Rows of those that they chose, ascending: what a reason may point back to.
        added: What memory adds to the scores of the release's items, (1, N); None for nothing.
        since: What happened since the release, oldest first, each with its number.
        new_chosen: Ids of items that the release does not know and that they chose since.
        as_of: Exclusive end of all events.
    """

    user_id: str
    vector: NDArray[np.float32] | None
    beta: float
    about: About
    tag_names: list[str]
    tag_vectors: NDArray[np.float32]
    fused: Fused
    seen: Ints
    chosen: Ints
    added: sparse.csr_array | None
    since: Sequence[tuple[int, "LiveEvent"]]
    new_chosen: Sequence[str]
    as_of: datetime

    @property
    def is_stranger(self) -> bool:
        """Whether there is nothing to rank by."""
        return self.vector is None and not self.tag_names

    @cached_property
    def queries(self) -> TagQueries:
        """The interests as queries."""
        tags = [(tag["interest_id"], tag["rank"], tag["tag"]) for tag in self.about.tags]
        return TagQueries.of_one(tags, self.tag_names, self.tag_vectors, self.fused)

    def barred(self, shelf: Shelf) -> Ints:
        """Rows of everything that they had an event with."""
        return np.concatenate([self.seen, _new(shelf, [event.item_id for _, event in self.since if event.item_id])])

    def pointed_to(self, shelf: Shelf) -> Ints:
        """Rows of everything that they chose."""
        return np.concatenate([self.chosen, _new(shelf, self.new_chosen)])


def _new(shelf: Shelf, items: Sequence[str]) -> Ints:
    """Rows of the items that are on the shelf, those of the release included."""
    rows = shelf.index.places(list(items)) if items else np.empty(0, dtype=np.int64)
    known: Ints = rows[rows >= 0]
    return known
