"""What may pass as an interest: pure rules, each named by one short fixed word (RecGPT-V1, section 2.1.2).

Willingness: `necessity`. Reasonableness: `unknown-evidence`, `unreasonable`, `single-action`. Form: `echo`,
`empty-phrase`, `too-long`, `vague`, `wrong-language`, `copies-title`, `repeats`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from intentrec.interests.config import InterestsConfig
from intentrec.text.wording import copies, echoes, mentions, same_words, script_of, stem, stems, words

_SCRIPTS = {"en": "latin", "ru": "cyrillic"}
_SHORTEST_WORD = 3


def refuse_name(
    name: str, titles: Sequence[str], listed: Collection[str], config: InterestsConfig, language: str
) -> str | None:
    """The first of `name_faults`, or None."""
    return next(name_faults(name, titles, listed, config, language), None)


def name_faults(
    name: str, titles: Sequence[str], listed: Collection[str], config: InterestsConfig, language: str
) -> Iterator[str]:
    """The rules that refuse a name.

    Args:
        name: The interest.
        titles: Names of the items and queries of the user it could have been copied from.
        listed: Names that were offered; they may be long, foreign or equal to a title, but not empty or a necessity.
        config: Bounds and word lists.
        language: Language the name should be in.
    """
    offered = name in listed
    rules: dict[str, Callable[[], bool]] = {
        "echo": lambda: not offered and echoes(name),
        "empty-phrase": lambda: not _says_something(name),
        "necessity": lambda: is_necessity(name, config.necessities),
        "too-long": lambda: not offered and len(words(name)) > config.max_words,
        "vague": lambda: not offered and is_vague(name, config.vague_words),
        "wrong-language": lambda: not offered and not speaks(name, titles, language),
        "copies-title": lambda: not offered and copies(name, titles),
    }
    return (rule for rule, broken in rules.items() if broken())


def refuse_reason(reason: str, titles: Sequence[str], config: InterestsConfig, language: str) -> str | None:
    """The rule that refuses a model's sentence, or None; a refused reason is replaced by one from rules."""
    if echoes(reason):
        return "echo"
    if len(words(reason)) < 2 or not _says_something(reason):
        return "empty-phrase"
    if len(words(reason)) > config.max_reason_words:
        return "too-long"
    if not speaks(reason, titles, language):
        return "wrong-language"
    return "copies-title" if copies(reason, titles) else None


def refuse_lines(numbers: Sequence[int], n_lines: int) -> str | None:
    """Evidence must name lines that exist, counted from 1."""
    return None if numbers and all(1 <= number <= n_lines for number in numbers) else "unknown-evidence"


def refuse_support(n_events: int, n_days: int, config: InterestsConfig) -> str | None:
    """One action, or a burst of one day, decides nothing."""
    return None if n_events >= config.min_events and n_days >= config.min_days else "single-action"


def refuse_similarity(similarity: float, config: InterestsConfig, best: float = -1.0) -> str | None:
    """An interest must resemble what it rests on, and not much less than the `best` name that was offered (cosines)."""
    least = max(config.min_similarity, best - config.choice_margin)
    return None if round(similarity, 5) >= round(least, 5) else "unreasonable"


def refuse_texts(texts: Sequence[str], config: InterestsConfig) -> str | None:
    """Evidence of which more than half is household staples shows no wish."""
    staples = sum(is_necessity(text, config.necessities) for text in texts)
    return "necessity" if 2 * staples > len(texts) else None


def refuse_repeat(
    name: str,
    vector: NDArray[np.float32],
    kept: Sequence[str],
    kept_vectors: NDArray[np.float32],
    config: InterestsConfig,
) -> str | None:
    """The same interest twice, by its words or by the cosine of (d,) with (n, d), is a repeat."""
    if any(same_words(name, other) for other in kept):
        return "repeats"
    near = kept_vectors @ vector if len(kept) else np.zeros(0)
    return "repeats" if np.any(np.round(near, 5) >= config.repeat_similarity) else None


# Every group of every user asks about the same titles: without the cache this is three quarters of the stage.
@lru_cache(maxsize=65536)
def is_necessity(name: str, necessities: tuple[str, ...]) -> bool:
    """Whether a name is a household staple: "milk" is, "milk jugs" is not, "soft toilet paper" is."""
    several = [phrase for phrase in necessities if len(words(phrase)) > 1]
    return mentions(name, several) or any(same_words(name, phrase) for phrase in necessities)


def is_vague(name: str, vague_words: Iterable[str]) -> bool:
    """Whether every word of a name says nothing."""
    return stems(name) <= {stem(word) for word in vague_words}


def speaks(text: str, titles: Sequence[str], language: str) -> bool:
    """Whether a text is in the script of the language, or in that of the titles it speaks of."""
    allowed = {_SCRIPTS.get(language, "latin"), *(script_of(title) for title in titles)}
    return script_of(text) in allowed


def _says_something(text: str) -> bool:
    return any(len(word) >= _SHORTEST_WORD and not word.isnumeric() for word in words(text))
