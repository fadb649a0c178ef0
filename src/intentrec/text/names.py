"""Readable names of groups of titles, from their key phrases."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from intentrec.text.phrases import Key, PhraseModel
from intentrec.text.words import stem

_ALONE = 0.5  # a first phrase that covers this share of a group names it alone
_JOINS = 0.1  # a second phrase joins where it covers this share, or where the first covers little
_LITTLE = 0.25
_FULLER = 0.4  # a modifier that this share of a group has enters its name
_NEARLY_ALL = 0.7  # and a second modifier where this share of the phrase's own titles has it: "hot water bottles"
_NAME_WEIGHTS = (0.75, 1.0, 1.0)  # of phrases of one, two and three words as names of groups
_KEY_WEIGHTS = (0.3, 1.0, 1.0)  # and as interests, where a bare core word says too little


@dataclass(frozen=True)
class KeyPhrase:
    """A phrase and how many of the titles share it."""

    text: str
    n_titles: int


def key_phrases(titles: Sequence[str], model: PhraseModel, min_titles: int = 1) -> list[KeyPhrase]:
    """Phrases most typical of these titles against the whole catalogue, best first, no core word twice.

    Only phrases of at least `min_titles` titles.
    """
    ranked = _ranked([_keys(title, model) for title in titles], model, _KEY_WEIGHTS)
    kept: dict[Key, int] = {}
    for key, n in ranked:
        if n >= min_titles and not any(set(key) <= set(other) or set(key) >= set(other) for other in kept):
            kept[key] = n
    return [KeyPhrase(_plural(key, model), n) for key, n in kept.items()]


def group_names(titles: Sequence[str], labels: NDArray[np.int64], model: PhraseModel) -> list[str]:
    """One name for each label 0..max, no two equal: one or two key phrases joined by "&".

    A name that is taken gets further phrases of its own group, and a number where these run out.
    """
    members: defaultdict[int, list[list[Key]]] = defaultdict(list)
    for title, label in zip(titles, labels.tolist(), strict=True):
        members[label].append(_keys(title, model))
    names: dict[str, None] = {}
    for label in range(int(labels.max(initial=-1)) + 1):
        names[_free_name(members[label], model, names)] = None
    return list(names)


def _keys(title: str, model: PhraseModel) -> list[Key]:
    return model.keys(title) or [(" ".join(title.lower().split()),)]


def _free_name(group: list[list[Key]], model: PhraseModel, taken: dict[str, None]) -> str:
    ranked = _ranked(group, model, _NAME_WEIGHTS)
    counts = dict(ranked)
    keys = _distinct([key for key, _ in ranked])
    phrases = [_plural(_fuller(key, counts, len(group)), model) for key in keys]
    for n in range(_how_many(keys, counts, len(group)), len(phrases) + 1):
        name = " & ".join(phrases[:n])
        if name not in taken:
            return name
    return next(name for number in count(2) if (name := f"{phrases[0]} {number}") not in taken)


def _fuller(key: Key, counts: dict[Key, int], size: int) -> Key:
    """The key with its modifier, where much of the group shares one: "cushion cover" instead of "cover"."""
    longer = [other for other in counts if len(other) == len(key) + 1 and other[1:] == key]
    best = max(longer, key=lambda other: (counts[other], other), default=key)
    enough = _FULLER * size if len(key) == 1 else _NEARLY_ALL * counts[key]
    return _fuller(best, counts, size) if best != key and counts[best] >= enough else key


def _how_many(keys: Sequence[Key], counts: dict[Key, int], size: int) -> int:
    """How many phrases the name of a group starts with: one or two."""
    covered = [counts[key] / size for key in keys[:2]]
    if len(covered) < 2 or covered[0] >= _ALONE or (covered[1] < _JOINS and covered[0] >= _LITTLE):
        return 1
    return 2


def _ranked(
    group: Sequence[list[Key]], model: PhraseModel, weights: tuple[float, float, float]
) -> list[tuple[Key, int]]:
    """Keys of the group with their counts in it, most typical first: frequent here, rare elsewhere, not too short."""
    counts = Counter(key for keys in group for key in keys)

    def score(entry: tuple[Key, int]) -> tuple[float, Key]:
        key, inside = entry
        share = inside / max(model.counts[key], inside)
        return -round(inside * share * weights[min(len(key), 3) - 1] * math.log2(1 + inside), 9), key

    return sorted(counts.items(), key=score)


def _distinct(ranked: Sequence[Key]) -> list[Key]:
    kept: list[Key] = []
    for key in ranked:
        if all(key[-1] != other[-1] and not set(key) >= set(other) for other in kept):
            kept.append(key)
    return kept


def _plural(key: Key, model: PhraseModel) -> str:
    """The phrase with its core word in the plural where the catalogue itself uses that plural."""
    text = model.text(key)
    if model.core_first:
        return text
    head, _, core = text.rpartition(" ")
    plural = model.plurals.get(stem(core), core)
    return f"{head} {plural}".strip()
