"""Readable names of groups of titles, from their key phrases."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intentrec.text.phrases import Key, PhraseModel
from intentrec.text.words import stem

_COVERED = 0.6  # a first phrase that covers this share of the group names it alone


@dataclass(frozen=True)
class KeyPhrase:
    """A phrase and how many of the titles share it."""

    text: str
    n_titles: int


def key_phrases(titles: Sequence[str], model: PhraseModel, min_titles: int = 1) -> list[KeyPhrase]:
    """Phrases most typical of these titles against the whole catalogue, best first, no core word twice.

    Only phrases of at least `min_titles` titles.
    """
    ranked = _ranked([_keys(title, model) for title in titles], model)
    kept = _distinct([key for key, count in ranked if count >= min_titles])
    counts = dict(ranked)
    return [KeyPhrase(_plural(key, model), counts[key]) for key in kept]


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
    keys = _distinct([key for key, _ in _ranked(group, model)])
    phrases = [_plural(key, model) for key in keys]
    first_alone = bool(keys) and sum(keys[0] in item for item in group) >= _COVERED * len(group)
    start = 1 if first_alone else 2
    for n in range(start, max(len(phrases), start) + 1):
        name = " & ".join(phrases[:n]) or "other"
        if name not in taken:
            return name
    number = 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"


def _ranked(group: Sequence[list[Key]], model: PhraseModel) -> list[tuple[Key, int]]:
    """Keys of the group with their counts in it, most typical first: frequent here, rare elsewhere, not too short."""
    counts = Counter(key for keys in group for key in keys)

    def score(entry: tuple[Key, int]) -> tuple[float, Key]:
        key, inside = entry
        share = inside / max(model.counts[key], inside)
        length = (0.75, 1.0, 1.0)[min(len(key), 3) - 1]
        return -round(inside * share * length * math.log2(1 + inside), 9), key

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
