"""Lists of a release and what is live: ranked, popular, of one channel; and their entries."""

from collections.abc import Iterator, Sequence

import numpy as np

from intentrec.config import Config
from intentrec.errors import NotFoundError
from intentrec.explanations import reason_of
from intentrec.retrieval.topk import Floats
from intentrec.serving.bundle import Bundle
from intentrec.serving.ranking import channels
from intentrec.serving.ranking.asking import Answer, Ask, Filters
from intentrec.serving.ranking.best import Row, Wanted, best, listed
from intentrec.serving.ranking.chain import LONGEST, SHOWN
from intentrec.serving.ranking.person import Ints, Person
from intentrec.serving.ranking.shelf import Shelf
from intentrec.serving.ranking.telling import encoded, told


class Lists:
    """Makes lists for persons from a shelf.

    Args:
        bundle: The release.
        config: Its settings.
    """

    def __init__(self, bundle: Bundle, config: Config) -> None:
        self._bundle, self._config = bundle, config

    def ranked(self, person: Person, ask: Ask, shelf: Shelf, source: str, **settings: float) -> Answer:
        """A list of the person's own.

        Args:
            settings: Of retrieval, in place of the release's.
        """
        rows = best(person, shelf, self._wanted(person, ask, shelf, **settings))
        return self._answer(self.told(rows, person, shelf, ask), shelf, ask, source)

    def popular(self, ask: Ask, shelf: Shelf) -> Answer:
        """What strangers get."""
        return self._answer(self._popular_rows(ask, shelf), shelf, ask, "popular")

    def channel(self, name: str, person: Person, ask: Ask, shelf: Shelf) -> Answer:
        """Candidates of one of `CHANNELS`, but for the popular one."""
        rows = self._candidates(name, person, self._wanted(person, ask, shelf), shelf)
        return self._answer(self.told(rows, person, shelf, ask), shelf, ask, f"channel:{name}")

    def scored(self, items: Ints, scores: Floats, ask: Ask, shelf: Shelf, source: str) -> Answer:
        """Items in their order that have one score only, and no reason."""
        return self._answer(listed(shelf, items, scores, source), shelf, ask, source)

    def found(self, person: Person, item_id: str, shelf: Shelf) -> tuple[Row, int]:
        """The item's row in the shortest list that holds it, told, and the length of that list.

        The last list that is looked at holds the item alone.

        Raises:
            NotFoundError: It is in none.
        """
        lengths = (SHOWN, self._bundle.meta.stored_k, min(len(shelf.index), LONGEST))
        for rows, length in self._lists(person, item_id, shelf, lengths):
            for row in rows:
                if row["item_id"] == item_id:
                    return self.told([row], person, shelf, Ask())[0], length
        raise NotFoundError(f"Item {item_id!r} cannot be scored for user {person.user_id!r}.")

    def _wanted(self, person: Person, ask: Ask, shelf: Shelf, **settings: float) -> Wanted:
        if ask.diversity is not None:
            settings["diversity"] = ask.diversity
        config = self._config.retrieval.model_copy(update=settings) if settings else self._config.retrieval
        beta = person.beta if ask.beta is None else ask.beta
        return Wanted(ask.k, ask.filter_viewed, shelf.passing(ask.filters), config, beta)

    def told(self, rows: Sequence[Row], person: Person, shelf: Shelf, ask: Ask) -> Sequence[Row]:
        """The rows with their reasons, where they are asked for."""
        return told(rows, person, shelf, self._config.language) if ask.explain else rows

    def _answer(self, rows: Sequence[Row], shelf: Shelf, ask: Ask, source: str) -> Answer:
        return Answer(encoded(rows, shelf, explain=ask.explain), len(rows), source, self._bundle.meta.release)

    def _popular_rows(self, ask: Ask, shelf: Shelf) -> list[Row]:
        items, scores = self._bundle.popular
        if not ask.filters.open:
            kept = shelf.passes(ask.filters, items.astype(np.int64))
            items, scores = items[kept], scores[kept]
        rows = listed(shelf, items[: ask.k].astype(np.int64), scores[: ask.k], "popular")
        reason = reason_of("popular", None, None, None, self._config.language)
        return [row | {"reason": reason} for row in rows]

    def _candidates(self, name: str, person: Person, wanted: Wanted, shelf: Shelf) -> list[Row]:
        if name == "tag":
            return channels.of_tags(person, shelf, wanted)
        if name == "memory":
            return channels.of_memory(person, shelf, wanted)
        own = slice(self._bundle.meta.towers_width, None) if name == "encoder" else slice(None)
        return channels.of_vector(person, shelf, wanted, name, own)

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
