"""Lists for users, from a bundle and what is live."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from intentrec.config import Config
from intentrec.errors import NotFoundError
from intentrec.pipeline.recommender import settings_of
from intentrec.pipeline.why import Chain
from intentrec.serving.bundle import About, Bundle
from intentrec.serving.ranking import channels
from intentrec.serving.ranking.asking import Answer, Ask
from intentrec.serving.ranking.chain import chain_of
from intentrec.serving.ranking.cosines import Cosines
from intentrec.serving.ranking.lists import Lists
from intentrec.serving.ranking.people import People
from intentrec.serving.ranking.reading import Reader
from intentrec.serving.ranking.shelf import Shelf
from intentrec.serving.ranking.shelves import Shelves
from intentrec.serving.ranking.shortcut import Newcomers, cut, fits, score_at
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
        self.released = settings_of(bundle.meta.release, bundle.meta.config)
        self._reader = Reader(bundle, self.released)
        self._people = People(bundle, live, self.released, config.serving.latest_events, self._reader)
        self._shelves = Shelves(bundle, live, self._reader, config.serving.new_item_neighbours)
        self._lists = Lists(bundle, self.released)
        self._newcomers, self._cosines = Newcomers(), Cosines()

    def warm(self) -> None:
        """Load now what is otherwise loaded at first need: the towers and the reader of texts. Takes seconds."""
        self._reader.warm()

    @property
    def is_warm(self) -> bool:
        """Whether somebody has needed the towers already."""
        return self._reader.is_warm

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
        return self._lists.popular(ask, shelf) if person.is_stranger else self._lists.ranked(person, ask, shelf, "live")

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
        return (
            self._lists.popular(ask, shelf) if person.is_stranger else self._lists.ranked(person, ask, shelf, "history")
        )

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
            return self._lists.popular(ask, shelf)
        return self._lists.ranked(person, ask, shelf, "wishes", user_share=0.0)

    def similar(self, item_id: str, ask: Ask) -> Answer:
        """Items whose vectors have the greatest cosine with an item's.

        Raises:
            NotFoundError: There is no such item.
        """
        self.live.sync()
        shelf = self._shelves.now()
        items, scores = self._cosines.nearest(shelf, self._row(shelf, item_id), ask.k, shelf.passing(ask.filters))
        return self._lists.scored(items, scores, ask, shelf, "similar")

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
        shelf = self._shelves.now()
        if name == "popular":
            return replace(self._lists.popular(ask, shelf), source="channel:popular")
        return self._lists.channel(name, self._people.of(user_id), ask, shelf)

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
        row, length = self._lists.found(person, item_id, shelf)
        return chain_of(row, length, person, shelf, self._people)

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
