"""Rewards of answers that name tags (RecGPT-V2, arXiv 2512.14503, section 2.3)."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from intentrec.alignment.config import AlignmentConfig
from intentrec.llm import Message

_HALF_WITHIN = 2
"""Words beyond the bounds of a length that still score a half."""


@dataclass(frozen=True)
class Question:
    """One question of a training by reward.

    Attributes:
        messages: The chat that ends with the question, in the tuned form.
        truth: Categories that the user took next.
        subject: Whom it is about; "" for nobody.
        places: How many tags are asked for; 0 where it is not known.
    """

    messages: tuple[Message, ...]
    truth: frozenset[str]
    subject: str = ""
    places: int = 0


Reward = Callable[[Sequence[Question], Sequence[str]], list[float]]
"""Rewards of answers, each beside its question."""


@dataclass(frozen=True)
class Parts:
    """What a reward is made of.

    Attributes:
        accuracy: Share of the truth that was foreseen, or what a retriever says of the tags (RecGPT-V3).
        alignment: Mean grade of the tags, 0 to 1.
        diversity: See `diversity`.
        length: Mean of `length_score`.
    """

    accuracy: float
    alignment: float
    diversity: float
    length: float


def recall(foreseen: Collection[str], truth: Collection[str], places: int = 0) -> float:
    """Share of the true categories among those foreseen; 0 where nothing is true.

    Args:
        foreseen: Categories; those beyond `places` count as well.
        truth: What came.
        places: With so many tags no more than so many categories can be foreseen: the share is of what can be reached.
            0 for no bound. RecGPT-V2 has none, but one list of tags a user where here one interest is asked about.
    """
    true = set(truth)
    reachable = min(len(true), places) if places else len(true)
    return min(len(true & set(foreseen)) / reachable, 1.0) if true else 0.0


def diversity(vectors: NDArray[np.floating]) -> float:
    """Mean cosine distance between two different rows, 0 to 2; a single row, or none, is as diverse as can be: 1.

    Args:
        vectors: Of the tags, (N, D); a row of zeros is at distance 1 from any.
    """
    if len(vectors) < 2:
        return 1.0
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(length > 0, length, 1.0)
    return float(np.mean([1.0 - float(unit[a] @ unit[b]) for a, b in combinations(range(len(unit)), 2)]))


def length_score(phrase: str, shortest: int, longest: int) -> float:
    """1 for a phrase of so many words, a half for one or two words off, 0 otherwise."""
    words = len(phrase.split())
    off = max(shortest - words, words - longest, 0)
    return 0.0 if not words or off > _HALF_WITHIN else 0.5 if off else 1.0


def gated(parts: Parts, config: AlignmentConfig) -> float:
    """R_acc * 1[R_align >= tau_a] * 1[R_div >= tau_d] * 1[R_len >= tau_l]: constrained reward shaping."""
    passed = (
        parts.alignment >= config.tau_align
        and parts.diversity >= config.tau_diversity
        and parts.length >= config.tau_length
    )
    return parts.accuracy if passed else 0.0


def summed(parts: Parts, config: AlignmentConfig) -> float:
    """The sum of all parts, which the paper found worse than supervised training alone."""
    return parts.accuracy + parts.alignment + parts.diversity + parts.length


def tags_of(answer: str) -> list[str]:
    """The tags of `{"tags": [...]}`; none of an answer that is anything else."""
    try:
        found = json.loads(answer)
    except ValueError:
        return []
    tags = found.get("tags") if isinstance(found, dict) else None
    return [str(tag) for tag in tags] if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags) else []


@dataclass(frozen=True)
class TagReward:
    """The reward of answers of the tags stage: a `Reward`. An answer that is not the JSON it should be gets 0.

    Attributes:
        config: Which reward, with its thresholds.
        categories: The category that each tag leads to, beside it (tag-to-category).
        vectors: Of tags, (N, D).
        grades: Of tags given the question, each 0 to 1: what the judge says. None grades all 1.
        accuracy: Takes the place of recall: a score of the tags by a retriever, given the question (RecGPT-V3).
    """

    config: AlignmentConfig
    categories: Callable[[Sequence[str]], Sequence[str]]
    vectors: Callable[[Sequence[str]], NDArray[np.floating]]
    grades: Callable[[Question, Sequence[str]], Sequence[float]] | None = None
    accuracy: Callable[[Question, Sequence[str]], float] | None = None

    def __call__(self, questions: Sequence[Question], answers: Sequence[str]) -> list[float]:
        """One reward an answer."""
        return [self._reward(question, tags_of(answer)) for question, answer in zip(questions, answers, strict=True)]

    def _reward(self, question: Question, tags: list[str]) -> float:
        if not tags:
            return 0.0
        combined = gated if self.config.reward == "gated" else summed
        return combined(self.parts(question, tags), self.config)

    def parts(self, question: Question, tags: Sequence[str]) -> Parts:
        """What the reward of these tags is made of."""
        shortest, longest = self.config.shortest_words, self.config.longest_words
        if self.accuracy is None:
            accuracy = recall(self.categories(tags), question.truth, question.places)
        else:
            accuracy = self.accuracy(question, tags)
        return Parts(
            accuracy,
            1.0 if self.grades is None else float(np.mean(self.grades(question, tags))),
            diversity(self.vectors(tags)),
            float(np.mean([length_score(tag, shortest, longest) for tag in tags])),
        )
