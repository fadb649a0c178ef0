"""The stored list, where it is still what ranking anew would give."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import orjson
from numpy.typing import NDArray

from intentrec.serving.bundle import StoredList
from intentrec.serving.ranking.asking import Ask
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.shelf import Shelf
from intentrec.serving.ranking.telling import corrected

_REMEMBERED = 4000


def fits(ask: Ask) -> bool:
    """Whether a stored list can answer at all: it leaves out what was seen and knows only the fitted weights."""
    return ask.filter_viewed and ask.beta is None and ask.diversity is None


def cut(stored: StoredList, ask: Ask, shelf: Shelf) -> tuple[bytes, int] | None:
    """The first entries that come through the filters, and the place of the last; None if they are too few.

    A list that holds fewer than it could is not told from one that the filters have emptied, so both are ranked anew.
    """
    if ask.filters.open and not shelf.live:
        return None if ask.k > len(stored) else (stored.first(ask.k, full=ask.explain), ask.k - 1)
    passing = shelf.few_passing(ask.filters, stored.items.astype(np.int64))
    places = np.flatnonzero(passing)[: ask.k].tolist()
    return None if len(places) < ask.k else (_joined(stored, places, shelf, explain=ask.explain), places[-1])


def _joined(stored: StoredList, places: list[int], shelf: Shelf, *, explain: bool) -> bytes:
    if not shelf.live:
        return stored.at(places, full=explain)
    items = stored.items.tolist()
    entries = []
    for place in places:
        changed = items[place] in shelf.live
        entry = stored.entry(place, full=explain or changed)
        entries.append(corrected(entry, shelf, items[place], explain=explain) if changed else entry)
    return b",".join(entries)


def score_at(stored: StoredList, place: int) -> float:
    """The score of an entry, counted from 0."""
    score: float = orjson.loads(stored.entry(place, full=False))["score"]
    return score


class Newcomers:
    """What new items are worth to users, so that a stored list gives way to those that would stand in it."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[int, NDArray[np.float64]]] = OrderedDict()
        self._lock = threading.Lock()

    def weighed(self, user_id: str, shelf: Shelf) -> bool:
        """Whether what the new items are worth to a user is known already."""
        held = self._known.get(user_id)
        return held is not None and held[0] == shelf.version

    def scores(self, user_id: str, shelf: Shelf, find: Callable[[str], Person]) -> NDArray[np.float64]:
        """The greatest score of each new item for a user, (M,); the user is looked up where that is not known yet."""
        with self._lock:
            held = self._known.get(user_id)
        if held is not None and held[0] == shelf.version:
            return held[1]
        found = worth(find(user_id), shelf)
        with self._lock:
            self._known[user_id] = (shelf.version, found)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found


def worth(person: Person, shelf: Shelf) -> NDArray[np.float64]:
    """`beta * user + (1 - beta) * interest` at its best interest; the user alone where there are no tags."""
    n = len(shelf.bundle.index)
    vectors = shelf.index.vectors[np.arange(n, n + shelf.n_new)].astype(np.float64)
    if person.vector is None:
        return np.full(len(vectors), -np.inf)
    own: NDArray[np.float64] = vectors @ person.vector.astype(np.float64)
    if not person.tag_names or person.beta >= 1.0:
        return own
    best: NDArray[np.float64] = (vectors @ person.queries.vectors.T).max(axis=1)
    return person.beta * own + (1.0 - person.beta) * best
