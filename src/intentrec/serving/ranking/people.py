"""Who somebody is now: what the release holds, and what is live about them."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.config import Config
from intentrec.retrieval.memory import Remembered
from intentrec.serving.bundle import About, Bundle
from intentrec.serving.ranking.edits import as_it_stands
from intentrec.serving.ranking.past import Past
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.reading import Reader
from intentrec.tables import EVENTS

if TYPE_CHECKING:
    from intentrec.serving.live import LiveEvent, LiveState

_REMEMBERED = 1000
_LEADS_TO = 10  # items whose most frequent category is that of new words
_JUST_AFTER = timedelta(microseconds=1)
_NOTHING = np.empty(0, dtype=np.int64)
Numbered = Sequence[tuple[int, "LiveEvent"]]


@dataclass(frozen=True)
class _Known:
    version: int
    person: Person


class People:
    """Finds users, and remembers those that were asked for lately as long as nothing new is live about them.

    Args:
        bundle: The release.
        live: What came in since.
        config: Settings of the release.
        latest: Latest events that a vector is made from.
        reader: Makes vectors of words and histories.
    """

    def __init__(self, bundle: Bundle, live: "LiveState", config: Config, latest: int, reader: Reader) -> None:
        self._bundle, self._live, self._config = bundle, live, config
        self._latest, self._reader = latest, reader
        self._intent = frozenset(config.events.named("intent"))
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def remembered(self) -> Remembered | None:
        """Pairs of items; None where the release has none."""
        return self._bundle.remembered

    def of(self, user_id: str) -> Person:
        """The user as they stand now; a stranger where nobody knows them, or they were erased."""
        version = self._live.version(user_id)
        with self._lock:
            found = self._known.get(user_id)
            if found is not None and found.version == version:
                self._known.move_to_end(user_id)
                return found.person
        person = self._made(user_id, version)
        with self._lock:
            self._known[user_id] = _Known(version, person)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return person

    def _made(self, user_id: str, version: int) -> Person:
        if self._live.is_erased(user_id):
            return self.stranger(user_id)
        since = self._live.numbered(user_id) if version else ()
        about = self._bundle.about(user_id) or About(user_id, None, [], [])
        if version:
            edits, refreshed = self._live.edits(user_id), self._live.refreshed(user_id)
            about = as_it_stands(about, refreshed, edits, self._config.language)
        return self._after(self.described(self._released(user_id), about), since)

    def stranger(self, user_id: str) -> Person:
        """Somebody of whom nothing is known."""
        return Person(
            user_id=user_id,
            vector=None,
            beta=1.0,
            about=About(user_id, None, [], []),
            tag_names=[],
            tag_vectors=np.zeros((0, self._bundle.meta.width), dtype=np.float32),
            fused=self._config.retrieval.fused,
            seen=_NOTHING,
            chosen=_NOTHING,
            added=None,
            since=(),
            new_chosen=(),
            as_of=self._bundle.meta.as_of,
        )

    def known_by(self, events: Sequence["LiveEvent"], user_id: str) -> Person:
        """Somebody who is known by these events alone."""
        ordered = sorted(events, key=lambda event: event.timestamp)
        return self._after(self.stranger(user_id), [(place, event) for place, event in enumerate(ordered, 1)])

    def events(self, person: Person) -> pl.DataFrame:
        """All that is held of what somebody did, in time order: columns of `EVENTS`."""
        own = {"user_id": person.user_id}
        since = EVENTS.rows(event.model_dump(exclude={"event_id"}) | own | {"row": row} for row, event in person.since)
        both = pl.concat([self._bundle.history(person.user_id), since])
        return both.sort("timestamp", maintain_order=True)

    def past(self, person: Person) -> Past:
        """The events that memory reads."""
        kinds = () if self.remembered is None else self.remembered.kinds
        held, later = self._bundle.timeline(person.user_id), [event for _, event in person.since]
        return Past.of(held, self._bundle.meta.kinds, later, self._bundle.index, frozenset(kinds))

    def _released(self, user_id: str) -> Person:
        """The user's vector and items as the release has them."""
        bundle, person = self._bundle, self.stranger(user_id)
        row = bundle.user_row(user_id)
        if row is None:
            return person
        beta = self._beta(int(bundle.n_events[row]))
        vector, seen, chosen = bundle.user_vectors[row], bundle.seen(user_id), bundle.chosen(user_id)
        return replace(person, vector=vector, beta=beta, seen=seen, chosen=chosen)

    def _beta(self, n_events: int) -> float:
        return float(self._bundle.beta.of(np.array([n_events]))[0])

    def _after(self, person: Person, since: Numbered) -> Person:
        """The same person after what happened since, with what memory says of all of it."""
        if since:
            person = self._later(person, since)
        return replace(person, added=self._added(person)) if person.vector is not None else person

    def _later(self, person: Person, since: Numbered) -> Person:
        row = self._bundle.user_row(person.user_id)
        n_events = len(since) + (0 if row is None else int(self._bundle.n_events[row]))
        picked = [event.item_id for _, event in since if event.item_id and event.event in self._intent]
        rows = self._bundle.index.places(picked) if picked else _NOTHING
        person = replace(
            person,
            beta=self._beta(n_events),
            chosen=np.union1d(person.chosen, rows[rows >= 0]),
            since=tuple(since),
            new_chosen=tuple(item for item, place in zip(picked, rows.tolist(), strict=True) if place < 0),
        )
        events = self.events(person)
        person = replace(person, as_of=events["timestamp"][-1].astimezone(UTC) + _JUST_AFTER)
        return replace(person, vector=self._vector(person, events.tail(self._latest), rows[rows >= 0]))

    def _vector(self, person: Person, events: pl.DataFrame, picked: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """The towers' coordinates of a history; those of the encoder stay, and are zero for a stranger."""
        made = self._reader.user(events, person.user_id, person.as_of)
        if made is None:  # no towers: the mean of what was chosen, where nothing else is known
            mean = self._bundle.index.vectors[picked].mean(axis=0) if len(picked) else None
            return mean if person.vector is None else person.vector
        whole = np.zeros(self._bundle.meta.width, dtype=np.float32) if person.vector is None else person.vector.copy()
        whole[: len(made)] = made
        return whole

    def _added(self, person: Person) -> sparse.csr_array | None:
        if self.remembered is None:
            return None
        past = self.past(person)
        return self.remembered.scores_of_one(past.items, past.times, len(past.items), person.as_of)

    def described(self, person: Person, about: About, *, strict: bool = False) -> Person:
        """The same person with other interests and tags; words that nobody can read lead nowhere.

        Raises:
            ConfigError: There are such words, and this is to be strict.
        """
        names = list(dict.fromkeys(tag["tag"] for tag in about.tags))
        if not strict:
            readable = self._reader.readable(names)
            names = [name for name in names if name in readable]
        vectors = self._reader.tags(names)
        place = {name: row for row, name in enumerate(names)}
        tags = [dict(tag) for tag in about.tags if tag["tag"] in place]
        for tag in tags:
            if tag["category"] is None:
                tag["category"] = self._leads_to(vectors[place[tag["tag"]]])
        return replace(person, about=replace(about, tags=tags), tag_names=names, tag_vectors=vectors)

    def _leads_to(self, vector: NDArray[np.float32]) -> str | None:
        """The category that most of the best items for a tag have."""
        bundle = self._bundle
        found = bundle.index.search(vector[None], _LEADS_TO).item
        counted = Counter(code for code in bundle.categories[found].tolist() if code >= 0)
        return bundle.meta.categories[min(counted, key=lambda code: (-counted[code], code))] if counted else None
