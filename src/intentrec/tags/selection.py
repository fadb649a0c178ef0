"""From what models wrote and rules found to the ranked tags of a user: every interest in its turn, nothing twice."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from intentrec.tags.candidates import Candidates
from intentrec.tags.config import TagsConfig
from intentrec.tags.phrasebook import Phrasebook

_REASONS = {
    "en": {
        True: "Others went on to it after what shows an interest in {interest}.",
        False: "Close in kind to what shows an interest in {interest}.",
    },
    "ru": {
        True: "Другие выбирали это после того, что говорит об интересе «{interest}».",
        False: "Близко к тому, что говорит об интересе «{interest}».",
    },
}


@dataclass(frozen=True)
class Tag:
    """One tag on its way into the table; `phrase` is its index in the phrasebook, -1 for a model's own words."""

    tag: str
    reason: str
    phrase: int = -1
    model: str = "none"
    prompt_version: str = "rules"


@dataclass(frozen=True)
class UserInterest:
    """One interest of a user: its row in the interests frame, and what a model wrote for it."""

    row: int
    interest_id: str
    interest: str
    reason: str
    weight: float
    written: list[Tag] = field(default_factory=list)


def interests_of_users(interests: pl.DataFrame) -> dict[str, list[UserInterest]]:
    """Interests of each user, heaviest first; rows count in the order of the frame."""
    ordered = interests.with_row_index("at").sort("user_id", "weight", "interest_id", descending=[False, True, False])
    columns = ("user_id", "at", "interest_id", "interest", "reason", "weight")
    by_user: dict[str, list[UserInterest]] = {}
    for user_id, *rest in ordered.select(columns).iter_rows():
        by_user.setdefault(user_id, []).append(UserInterest(*rest))
    return by_user


def recent_phrases(touched: pl.DataFrame, users: Sequence[str], config: TagsConfig) -> dict[str, frozenset[int]]:
    """Phrases that each user touched in the last days before the user's own last event.

    That is all of the last month before the run and a little more, and it stays as it is while the user is quiet.
    """
    since = pl.col("timestamp").max().over("user_id") - timedelta(days=config.recent_days)
    recent = (
        touched.filter(pl.col("user_id").is_in(list(users)))
        .filter(pl.col("timestamp") >= since)
        .group_by("user_id")
        .agg(pl.col("phrase").unique())
    )
    return {user_id: frozenset(phrases) for user_id, phrases in recent.iter_rows()}


def expanded(phrases: frozenset[int], book: Phrasebook) -> set[int]:
    """The phrases and all that mean the same."""
    return set().union(*(book.same[phrase] for phrase in phrases))


def rule_tags(interest: UserInterest, candidates: Candidates, book: Phrasebook, language: str) -> Iterator[Tag]:
    """Tags of the rules for one interest, best first."""
    for phrase, follows in zip(candidates.phrases[interest.row], candidates.follows[interest.row], strict=True):
        if phrase >= 0:
            yield Tag(book.phrases[phrase], rule_reason(interest.interest, bool(follows), language), int(phrase))


def rule_reason(interest: str, follows: bool, language: str) -> str:
    """Why the rules chose a tag."""
    return _REASONS[language][follows].format(interest=interest)


def select(
    interests: Sequence[UserInterest],
    candidates: Candidates,
    book: Phrasebook,
    banned: set[int],
    config: TagsConfig,
    language: str,
) -> list[tuple[UserInterest, Tag]]:
    """Ranked tags of one user.

    Interests take turns in proportion to their weights; each gives what a model wrote for it, then what the rules
    found.

    Args:
        interests: The user's, heaviest first.
        candidates: What the rules found.
        book: The catalogue's phrases.
        banned: Phrases that may not be used: touched lately, or what a model wrote. It is extended in place.
        config: Bounds.
        language: Of the reasons.
    """
    queues = [_queue(interest, candidates, book, config, language) for interest in interests]
    turns = [(1.0 / share, i, share) for i, share in enumerate(_shares(interests, config))]
    heapq.heapify(turns)
    limit = min(config.max_tags, max(1, int(book.eligible.sum()) // 2))
    chosen: list[tuple[UserInterest, Tag]] = []
    while turns and len(chosen) < limit:
        time, i, share = heapq.heappop(turns)
        tag = next((tag for tag in queues[i] if tag.phrase not in banned), None)
        if tag is not None:
            chosen.append((interests[i], tag))
            if tag.model == "none":
                banned |= book.same[tag.phrase]
            heapq.heappush(turns, (time + 1.0 / share, i, share))
    return chosen


def _queue(
    interest: UserInterest, candidates: Candidates, book: Phrasebook, config: TagsConfig, language: str
) -> Iterator[Tag]:
    # What a model wrote has passed the gate; its phrase numbers stay -1 here because they are banned for the rules.
    yield from interest.written
    if config.fill or not interest.written:
        yield from rule_tags(interest, candidates, book, language)


def _shares(interests: Sequence[UserInterest], config: TagsConfig) -> list[float]:
    total = sum(interest.weight for interest in interests) or 1.0
    least = max(config.min_per_interest, 0.5) / config.max_tags
    return [max(interest.weight / total, least) for interest in interests]
