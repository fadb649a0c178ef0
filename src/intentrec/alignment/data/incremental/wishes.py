"""From what users touched in the window to what of it may be learned: purification, completion, balance."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.incremental.season import in_season, words_out_of_season
from intentrec.alignment.data.incremental.window import Window
from intentrec.tags.gate import refuse_again, refuse_wording
from intentrec.tags.phrasebook import phrases_of, touched_phrases
from intentrec.tags.selection import recent_phrases
from intentrec.text.clusters import unit
from intentrec.text.wording import script_of

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Wish:
    """Something that a user touched in the window, and the interest that it belongs to.

    Attributes:
        phrase: The tag that would have foreseen it.
    """

    user_id: str
    interest_id: str
    phrase: str
    category: str


def wishes(window: Window, config: AlignmentDataConfig) -> tuple[list[Wish], Counter[str]]:
    """What may be learned, by user and time, and why the rest may not, by a short word.

    Each phrase counts once a user, at the first time. It must be worded as a tag, be none of what the user had just
    touched (a tag must be new), be in season, and be near to an interest that the user had before the window.
    """
    history = _touched(window)
    found = _Purification(window, config, history)
    refused: Counter[str] = Counter()
    kept: list[Wish] = []
    for user_id, mine in _first_touches(history, window):
        judged = list(found.judged(user_id, mine))
        refused.update(word for word, _ in judged if word)
        new = [wish for _, wish in judged if wish]
        balanced = list(_balanced(new, config))
        refused["balance"] += len(new) - len(balanced)
        kept += balanced
    return kept, +refused


def _touched(window: Window) -> pl.DataFrame:
    """user_id, timestamp, event, phrase (index), text of the users' and everybody's events before the window's end."""
    names = phrases_of(window.catalogue).select(text=pl.col("phrase").unique().sort()).with_row_index("phrase")
    names = names.with_columns(pl.col("phrase").cast(pl.Int64))
    return touched_phrases(window.events, window.catalogue, window.end).join(
        names, on="phrase", how="left", maintain_order="left"
    )


def _first_touches(history: pl.DataFrame, window: Window) -> Iterator[tuple[str, list[str]]]:
    """Each user with interests and what the user touched in the window, in time order."""
    users = window.interests["user_id"].unique().to_list()
    mine = (
        history.filter(pl.col("timestamp") >= window.start, pl.col("event").is_in(list(window.kinds)))
        .filter(pl.col("user_id").is_in(users))
        .sort("user_id", "timestamp", "row")
        .unique(["user_id", "phrase"], keep="first", maintain_order=True)
    )
    for (user_id,), rows in mine.group_by("user_id", maintain_order=True):
        yield str(user_id), rows["text"].to_list()


class _Purification:
    """Holds what a user touched against what was known before the window."""

    def __init__(self, window: Window, config: AlignmentDataConfig, history: pl.DataFrame) -> None:
        before = history.filter(pl.col("timestamp") < window.start)
        texts = history["text"].unique().sort().to_list()
        self._window, self._config = window, config
        self._vectors = dict(zip(texts, window.embedder.embed(texts), strict=True)) if texts else {}
        self._categories = _categories(window.catalogue)
        self._scripts = {script_of(text) for text in texts}
        self._unseasonable = words_out_of_season(before.select("timestamp", phrase="text"), window.start, config)
        users = window.interests["user_id"].unique().to_list()
        numbers = dict(history.select("phrase", "text").unique().iter_rows())
        recent = recent_phrases(before, users, window.tags)
        self._recent = {user: sorted(numbers[phrase] for phrase in phrases) for user, phrases in recent.items()}
        self._interests = self._of_users(before)

    def judged(self, user_id: str, phrases: Sequence[str]) -> Iterator[tuple[str, Wish | None]]:
        """For each phrase the word of the rule that refuses it and None, or "" and the wish."""
        ids, vectors = self._interests[user_id]
        recent = self._recent.get(user_id, [])
        held = np.array([self._vectors[other] for other in recent], dtype=np.float32)
        for phrase in phrases:
            cosines = np.round(vectors @ self._vectors[phrase], 4)
            nearest = int(cosines.argmax())
            word = self._refusal(phrase, float(cosines[nearest]), recent, held)
            wish = Wish(user_id, ids[nearest], phrase, self._categories[phrase])
            yield (word, None) if word else ("", wish)

    def _refusal(self, phrase: str, relevance: float, recent: Sequence[str], held: Vectors) -> str:
        window = self._window
        wording = refuse_wording(phrase, window.brands, self._scripts, window.tags, window.language)
        again = refuse_again("recent", phrase, self._vectors[phrase], recent, held, window.tags)
        season = "" if in_season(phrase, self._unseasonable) else "season"
        near = "" if relevance >= self._config.min_relevance else "off-interest"
        return wording or again or season or near

    def _of_users(self, before: pl.DataFrame) -> dict[str, tuple[list[str], Vectors]]:
        """Ids and unit vectors of each user's interests: the name and what shows it, in equal parts."""
        interests = self._window.interests.sort("user_id", "interest_id")
        names = self._window.embedder.embed(interests["interest"].to_list())
        phrases = dict(before.select("row", "text").iter_rows())
        shown = [[phrases[row] for row in rows or () if row in phrases] for rows in interests["evidence"].to_list()]
        evidence = np.array([self._mean(texts, names.shape[1]) for texts in shown], dtype=np.float64)
        vectors = unit(names + evidence)
        grouped: dict[str, tuple[list[str], list[Vectors]]] = defaultdict(lambda: ([], []))
        for user_id, interest_id, vector in zip(interests["user_id"], interests["interest_id"], vectors, strict=True):
            grouped[user_id][0].append(interest_id)
            grouped[user_id][1].append(vector)
        return {user_id: (ids, np.stack(rows)) for user_id, (ids, rows) in grouped.items()}

    def _mean(self, texts: Sequence[str], width: int) -> NDArray[np.float64]:
        if not texts:
            return np.zeros(width)
        total = np.array([self._vectors[text] for text in texts], dtype=np.float64).sum(axis=0, keepdims=True)
        return np.asarray(unit(total)[0], dtype=np.float64)


def _categories(catalogue: pl.DataFrame) -> dict[str, str]:
    """The category in which most items of a phrase are; of equal ones the first by name."""
    counted = catalogue.group_by("phrase", "category").len("n").sort("n", "category", descending=[True, False])
    return dict(counted.unique("phrase", keep="first", maintain_order=True).select("phrase", "category").iter_rows())


def _balanced(mine: Iterable[Wish], config: AlignmentDataConfig) -> Iterator[Wish]:
    """The first wishes of a user, few of each category."""
    taken: Counter[str] = Counter()
    for wish in mine:
        if taken[wish.category] < config.max_category_tags and taken.total() < config.max_user_tags:
            taken[wish.category] += 1
            yield wish
