"""Who somebody is now: what the release holds, and what is live about them."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.config import Config
from intentrec.serving.bundle import About, Bundle
from intentrec.serving.ranking.edits import as_it_stands
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.reading import Reader
from intentrec.tables import EVENTS

if TYPE_CHECKING:
    from intentrec.serving.live import LiveEvent, LiveState

_REMEMBERED = 1000
_LEADS_TO = 10  # items whose most frequent category is that of new words
_JUST_AFTER = timedelta(microseconds=1)


@dataclass(frozen=True)
class _Remembered:
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
        self._intent = config.events.named("intent")
        self._known: OrderedDict[str, _Remembered] = OrderedDict()
        self._lock = threading.Lock()

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
            self._known[user_id] = _Remembered(version, person)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return person

    def _made(self, user_id: str, version: int) -> Person:
        if self._live.is_erased(user_id):
            return self.stranger(user_id)
        person = self._released(user_id)
        if not version:
            return person
        person = self._later(person, self._live.numbered(user_id))
        edits, refreshed = self._live.edits(user_id), self._live.refreshed(user_id)
        return self.described(person, as_it_stands(person.about, refreshed, edits, self._config.language))

    def stranger(self, user_id: str) -> Person:
        """Somebody of whom nothing is known."""
        return Person(
            user_id=user_id,
            vector=None,
            beta=1.0,
            about=About(user_id, None, [], []),
            tag_names=[],
            tag_vectors=np.zeros((0, self._bundle.meta.width), dtype=np.float32),
            events=EVENTS.empty(),
            seen=[],
            chosen=[],
            as_of=self._bundle.meta.as_of,
        )

    def known_by(self, events: Sequence["LiveEvent"], user_id: str) -> Person:
        """Somebody who is known by these events alone."""
        return self._later(self.stranger(user_id), [(place + 1, event) for place, event in enumerate(events)])

    def _released(self, user_id: str) -> Person:
        """The user as the release has them."""
        bundle, person = self._bundle, self.stranger(user_id)
        about = bundle.about(user_id)
        if about is not None:
            person = self.described(person, about)
        row = bundle.user_row(user_id)
        if row is None:
            return person
        ids = bundle.index.ids
        return replace(
            person,
            vector=bundle.user_vectors[row],
            beta=self._beta(int(bundle.n_events[row])),
            events=bundle.history(user_id),
            seen=ids[bundle.seen(user_id)].tolist(),
            chosen=ids[bundle.chosen(user_id)].tolist(),
        )

    def _beta(self, n_events: int) -> float:
        return float(self._bundle.beta.of(np.array([n_events]))[0])

    def _later(self, person: Person, numbered: Sequence[tuple[int, "LiveEvent"]]) -> Person:
        """The same person after what happened since."""
        if not numbered:
            return person
        since = EVENTS.rows(event.model_dump(exclude={"event_id"}) | {"row": row} for row, event in numbered)
        events = pl.concat([person.events, since]).sort("timestamp", maintain_order=True)
        had = since["item_id"].drop_nulls().to_list()
        chosen = since.filter(pl.col("event").is_in(self._intent))["item_id"].drop_nulls().to_list()
        row = self._bundle.user_row(person.user_id)
        n_events = len(since) + (0 if row is None else int(self._bundle.n_events[row]))
        return replace(
            person,
            vector=self._vector(person, events.tail(self._latest), chosen),
            beta=self._beta(n_events),
            events=events,
            seen=list(dict.fromkeys([*person.seen, *had])),
            chosen=list(dict.fromkeys([*person.chosen, *chosen])),
            as_of=_end(events),
        )

    def _vector(self, person: Person, events: pl.DataFrame, chosen: list[str]) -> NDArray[np.float32] | None:
        """The towers' coordinates of a history; those of the encoder stay, and are zero for a stranger."""
        made = self._reader.user(events, person.user_id, _end(events))
        if made is None:
            return person.vector if person.vector is not None else self._mean(chosen)
        whole = np.zeros(self._bundle.meta.width, dtype=np.float32) if person.vector is None else person.vector.copy()
        whole[: len(made)] = made
        return whole

    def _mean(self, chosen: list[str]) -> NDArray[np.float32] | None:
        """Without towers, the mean vector of what was chosen; None for nothing."""
        rows = self._bundle.index.rows_of(chosen)
        return self._bundle.index.vectors[rows].mean(axis=0) if len(rows) else None

    def described(self, person: Person, about: About, *, strict: bool = False) -> Person:
        """The same person with other interests and tags; words that nobody can read lead nowhere.

        Raises:
            ConfigError: There are such words, and this is to be strict.
        """
        tags = [dict(tag) for tag in about.tags if strict or self._reader.can_read(tag["tag"])]
        names = list(dict.fromkeys(tag["tag"] for tag in tags))
        vectors = self._reader.tags(names)
        place = {name: row for row, name in enumerate(names)}
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


def _end(events: pl.DataFrame) -> datetime:
    last: datetime = events["timestamp"][-1]
    return last + _JUST_AFTER
