"""Lists for users, from a bundle and what is live."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from intentrec.config import Config
from intentrec.errors import NotFoundError
from intentrec.explanations import reason_of
from intentrec.pipeline.why import Chain
from intentrec.serving.bundle import About, Bundle
from intentrec.serving.ranking import channels
from intentrec.serving.ranking.asking import Answer, Ask, Filters
from intentrec.serving.ranking.best import Row, Wanted, best, listed
from intentrec.serving.ranking.chain import LONGEST, SHOWN, chain_of
from intentrec.serving.ranking.cosines import Cosines
from intentrec.serving.ranking.people import People
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.reading import Reader, settings_of
from intentrec.serving.ranking.shelf import Shelf
from intentrec.serving.ranking.shelves import Shelves
from intentrec.serving.ranking.shortcut import Newcomers, cut, fits, score_at
from intentrec.serving.ranking.telling import encoded, told
from intentrec.serving.ranking.wishes import wishing

if TYPE_CHECKING:
    from intentrec.serving.live import LiveEvent, LiveState


@dataclass(frozen=True)
class Reached:
    """A user whose stored list holds an item.

    Attributes:
        rank: From 1.
        tag: The tag that led there; None where the user's own vector did.
    """

    user_id: str
    rank: int
    tag: str | None


class Ranking:
    """Ranks for users of one bundle, known and new; what is live counts at the next call. Threads may share it.

    Args:
        bundle: Stays open as long as the ranking is used.
        live: What came in since.
        config: Settings of the server; those of retrieval are the release's own.

    Raises:
        WorkspaceError: The release was made with settings that this version does not know.
    """

    def __init__(self, bundle: Bundle, live: "LiveState", config: Config) -> None:
        self.bundle = bundle
        self.live = live
        self.config = config
        self.released = settings_of(bundle)
        self._reader = Reader(bundle, self.released)
        self._people = People(bundle, live, self.released, config.serving.latest_events, self._reader)
        self._shelves = Shelves(bundle, live, self._reader, config.serving.new_item_neighbours)
        self._newcomers, self._cosines = Newcomers(), Cosines()

    def warm(self) -> None:
        """Load now what is otherwise loaded at first need: the towers and the reader of texts. Takes seconds."""
        self._reader.warm()

    def for_user(self, user_id: str, ask: Ask) -> Answer:
        """A user's list: as it was stored where nothing is live and nothing overrides it, else ranked anew.

        A user that nobody knows gets what is popular.
        """
        self.live.sync()
        shelf = self._shelves.now()
        if fits(ask) and not self.live.version(user_id):
            answer = self._stored(user_id, ask, shelf)
            if answer is not None:
                return answer
        person = self._people.of(user_id)
        return self._popular(ask, shelf) if person.is_stranger else self._ranked(person, ask, shelf, "live")

    def at_hand(self, user_id: str, ask: Ask) -> Answer | None:
        """The user's stored list, where that is the answer and takes a moment; None where `for_user` has to work."""
        if not fits(ask):
            return None
        self.live.sync()
        shelf = self._shelves.made()
        if shelf is None or self.live.version(user_id):
            return None
        if shelf.n_new and not self._newcomers.weighed(user_id, shelf):
            return None
        return self._stored(user_id, ask, shelf)

    def for_history(self, events: Sequence["LiveEvent"], ask: Ask) -> Answer:
        """A list for somebody who is known by these events alone; nothing of them is kept."""
        self.live.sync()
        shelf = self._shelves.now()
        person = self._people.known_by(events, "")
        return self._popular(ask, shelf) if person.is_stranger else self._ranked(person, ask, shelf, "history")

    def for_wishes(self, wishes: Sequence[str], ask: Ask, user_id: str | None = None) -> Answer:
        """A list from words: each wish is a tag, and for a known user fused with the user's vector.

        Raises:
            ConfigError: A wish is no tag of the release, and the release cannot read new words.
        """
        self.live.sync()
        shelf = self._shelves.now()
        person = self._people.stranger("") if user_id is None else self._people.of(user_id)
        person = wishing(person, wishes, self._people, self.bundle.meta.as_of)
        if person.is_stranger:
            return self._popular(ask, shelf)
        return self._ranked(person, ask, shelf, "wishes", user_share=0.0)

    def similar(self, item_id: str, ask: Ask) -> Answer:
        """Items whose vectors have the greatest cosine with an item's.

        Raises:
            NotFoundError: There is no such item.
        """
        self.live.sync()
        shelf = self._shelves.now()
        items, scores = self._cosines.nearest(shelf, self._row(shelf, item_id), ask.k, shelf.passing(ask.filters))
        return self._answer(listed(shelf, items, scores, "similar"), shelf, ask, "similar")

    def channel(self, name: str, user_id: str, ask: Ask) -> Answer:
        """Candidates of one channel with its own scores, for rankers further on; beta and diversity do not count.

        Args:
            name: One of `channels`.

        Raises:
            NotFoundError: There is no such channel in this release.
        """
        if name not in self.channels:
            raise NotFoundError(f"There is no channel {name!r} in this release; it has {', '.join(self.channels)}.")
        self.live.sync()
        shelf, source = self._shelves.now(), f"channel:{name}"
        if name == "popular":
            return replace(self._popular(ask, shelf), source=source)
        person = self._people.of(user_id)
        rows = self._candidates(name, person, self._wanted(person, ask, shelf), shelf)
        return self._answer(self._told(rows, person, shelf, ask), shelf, ask, source)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of this release."""
        meta = self.bundle.meta
        absent = {"memory": meta.memory is None, "encoder": meta.towers_width >= meta.width}
        return tuple(name for name in channels.CHANNELS if not absent.get(name, False))

    def why(self, user_id: str, item_id: str) -> Chain:
        """The chain behind one recommendation, as the user stands now.

        Raises:
            NotFoundError: The user or the item is not known.
        """
        self.live.sync()
        shelf = self._shelves.now()
        if not self.knows(user_id):
            raise NotFoundError(f"There is no user {user_id!r} in release {self.bundle.meta.release}, nor since.")
        self._row(shelf, item_id)
        person = self._people.of(user_id)
        row, length = self._found(person, item_id, shelf)
        told_row = self._told([row], person, shelf, Ask())[0]
        return chain_of(told_row, length, person, shelf, self._people)

    def about(self, user_id: str) -> About | None:
        """Profile, interests and tags as they stand now; None for a user of whom nothing is written."""
        self.live.sync()
        if not self.live.version(user_id):
            return self.bundle.about(user_id)
        about = self._people.of(user_id).about
        return about if about.profile or about.interests else None

    def beta_of(self, user_id: str) -> float:
        """The fitted weight of the user's vector against the tags."""
        self.live.sync()
        return self._people.of(user_id).beta

    def knows(self, user_id: str) -> bool:
        """Whether anything is known of a user: events or attributes in the release, or something live."""
        self.live.sync()
        if self.live.is_erased(user_id):
            return False
        return self.live.version(user_id) > 0 or self.bundle.knows(user_id)

    def item(self, item_id: str) -> dict[str, Any] | None:
        """What is known of an item; None for one that nobody has put in."""
        self.live.sync()
        shelf = self._shelves.now()
        row = shelf.row(item_id)
        return None if row is None else shelf.item(row)

    def audience(self, item_id: str, limit: int = 20) -> list[Reached]:
        """Users whose stored lists hold an item, those first where it stands highest."""
        row = self.bundle.item_row(item_id)
        if row is None:
            return []
        self.live.sync()
        reached: list[Reached] = []
        for user, rank, tag in self.bundle.placed(row):
            if len(reached) == limit:
                break
            if not self.live.is_erased(user):
                reached.append(Reached(user, rank, tag))
        return reached

    def _row(self, shelf: Shelf, item_id: str) -> int:
        row = shelf.row(item_id)
        if row is None:
            raise NotFoundError(f"There is no item {item_id!r} in release {self.bundle.meta.release}, nor since.")
        return row

    def _stored(self, user_id: str, ask: Ask, shelf: Shelf) -> Answer | None:
        """The stored list, unless it is too short or a new item would stand in it."""
        stored = self.bundle.stored(user_id)
        found = None if stored is None else cut(stored, ask, shelf)
        if stored is None or found is None:
            return None
        entries, last = found
        if shelf.n_new:
            n = len(self.bundle.index)
            may = shelf.passes(ask.filters, np.arange(n, n + shelf.n_new))
            worth = self._newcomers.scores(user_id, shelf, self._people.of)
            if (worth[may] > score_at(stored, last)).any():
                return None
        return Answer(entries, ask.k, "stored", self.bundle.meta.release)

    def _ranked(self, person: Person, ask: Ask, shelf: Shelf, source: str, **settings: float) -> Answer:
        rows = best(person, shelf, self._wanted(person, ask, shelf, **settings))
        return self._answer(self._told(rows, person, shelf, ask), shelf, ask, source)

    def _wanted(self, person: Person, ask: Ask, shelf: Shelf, **settings: float) -> Wanted:
        if ask.diversity is not None:
            settings["diversity"] = ask.diversity
        config = self.released.retrieval.model_copy(update=settings) if settings else self.released.retrieval
        beta = person.beta if ask.beta is None else ask.beta
        return Wanted(ask.k, ask.filter_viewed, shelf.passing(ask.filters), config, beta)

    def _told(self, rows: Sequence[Row], person: Person, shelf: Shelf, ask: Ask) -> Sequence[Row]:
        return told(rows, person, shelf, self.released.language) if ask.explain else rows

    def _answer(self, rows: Sequence[Row], shelf: Shelf, ask: Ask, source: str) -> Answer:
        return Answer(encoded(rows, shelf, explain=ask.explain), len(rows), source, self.bundle.meta.release)

    def _popular(self, ask: Ask, shelf: Shelf) -> Answer:
        return self._answer(self._popular_rows(ask, shelf), shelf, ask, "popular")

    def _popular_rows(self, ask: Ask, shelf: Shelf) -> list[Row]:
        items, scores = self.bundle.popular
        if not ask.filters.open:
            kept = shelf.passes(ask.filters, items.astype(np.int64))
            items, scores = items[kept], scores[kept]
        rows = listed(shelf, items[: ask.k].astype(np.int64), scores[: ask.k], "popular")
        reason = reason_of("popular", None, None, None, self.released.language)
        return [row | {"reason": reason} for row in rows]

    def _candidates(self, name: str, person: Person, wanted: Wanted, shelf: Shelf) -> list[Row]:
        if name == "tag":
            return channels.of_tags(person, shelf, wanted)
        if name == "memory":
            return channels.of_memory(person, shelf, wanted)
        own = slice(self.bundle.meta.towers_width, None) if name == "encoder" else slice(None)
        return channels.of_vector(person, shelf, wanted, name, own)

    def _found(self, person: Person, item_id: str, shelf: Shelf) -> tuple[Row, int]:
        """The item's row in the shortest list that holds it, and the length of that list; the last holds it alone."""
        lengths = (SHOWN, self.bundle.meta.stored_k, min(len(shelf.index), LONGEST))
        for rows, length in self._lists(person, item_id, shelf, lengths):
            for row in rows:
                if row["item_id"] == item_id:
                    return row, length
        raise NotFoundError(f"Item {item_id!r} cannot be scored for user {person.user_id!r}.")

    def _lists(
        self, person: Person, item_id: str, shelf: Shelf, lengths: Sequence[int]
    ) -> Iterator[tuple[list[Row], int]]:
        if person.is_stranger:
            yield from ((self._popular_rows(Ask(k=length), shelf), length) for length in (*lengths, len(shelf.index)))
            return
        for unseen in (True, False):
            for k in lengths:
                yield best(person, shelf, self._wanted(person, Ask(k=k, filter_viewed=unseen), shelf)), k
        alone = Ask(k=1, filter_viewed=False, filters=Filters(items=frozenset([item_id])))
        yield best(person, shelf, self._wanted(person, alone, shelf)), 1
