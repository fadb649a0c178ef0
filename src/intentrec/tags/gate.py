"""What may pass as a tag: pure rules, each named by one short fixed word (RecGPT-V1, section 2.2).

Form: `echo`, `empty-phrase`, `no-modifier`, `too-long`, `vague`, `wrong-language`, `brand`. Relation:
`unknown-interest`, `off-interest`, `recent`, `repeats`.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from intentrec.tags.config import TagsConfig
from intentrec.text.wording import Script, echoes, mentions, same_words, script_of, stem, words

_SCRIPTS: dict[str, Script] = {"en": "latin", "ru": "cyrillic"}


def refuse_wording(
    tag: str, brands: Collection[str], scripts: Collection[Script], config: TagsConfig, language: str
) -> str | None:
    """The first of `wording_faults`, or None."""
    return next(wording_faults(tag, brands, scripts, config, language), None)


def wording_faults(
    tag: str, brands: Collection[str], scripts: Collection[Script], config: TagsConfig, language: str
) -> Iterator[str]:
    """The rules that refuse the words of a tag.

    Args:
        tag: Modifier + core word.
        brands: Names that never stand in a tag.
        scripts: Scripts of the catalogue's own phrases, allowed beside that of the language.
        config: Bounds and word lists.
        language: Language the tag should be in.
    """
    rules: dict[str, Callable[[], bool]] = {
        "echo": lambda: echoes(tag),
        "empty-phrase": lambda: script_of(tag) == "none",
        "no-modifier": lambda: len(words(tag)) < config.min_words,
        "too-long": lambda: len(words(tag)) > config.max_words,
        "vague": lambda: is_vague(tag, config),
        "wrong-language": lambda: script_of(tag) not in {_SCRIPTS.get(language, "latin"), *scripts},
        "brand": lambda: mentions(tag, brands),
    }
    return (rule for rule, broken in rules.items() if broken())


def refuse_reason(reason: str, scripts: Collection[Script], config: TagsConfig, language: str) -> str | None:
    """The rule that refuses a model's sentence, or None; a refused reason is replaced by one from rules."""
    if echoes(reason):
        return "echo"
    if len(words(reason)) < 2:
        return "empty-phrase"
    if len(words(reason)) > config.max_reason_words:
        return "too-long"
    return None if script_of(reason) in {_SCRIPTS.get(language, "latin"), *scripts} else "wrong-language"


def is_vague(tag: str, config: TagsConfig) -> bool:
    """Whether, without the vague words, fewer than the least number of words is left."""
    vague = {stem(word) for word in config.vague_words}
    said = [word for word in words(tag) if stem(word) not in vague and not word.isnumeric()]
    return len(said) < min(config.min_words, len(words(tag)))


def refuse_relevance(similarity: float, config: TagsConfig) -> str | None:
    """A tag must resemble the interest it serves; `similarity` is their cosine."""
    return None if round(similarity, 4) >= config.min_relevance else "off-interest"


def refuse_again(
    rule: str,
    tag: str,
    vector: NDArray[np.float32],
    others: Sequence[str],
    vectors: NDArray[np.float32],
    config: TagsConfig,
) -> str | None:
    """The rule, "recent" or "repeats", where a tag means the same as one of `others` with unit rows (n, d)."""
    if any(same_words(tag, other) for other in others):
        return rule
    near = np.round(vectors @ vector, 4) if len(others) else np.zeros(0)
    return rule if np.any(near >= config.repeat_similarity) else None
