"""Key phrases of titles: modifier + core word, found by counting over the catalogue.

The core word of a title (its head noun) is a word that often closes titles, or opens them in languages where the noun
comes first; which of the two holds is read off the catalogue. The words before it are its modifiers.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from intentrec.text.words import content_words, plain, stem

Key = tuple[str, ...]  # stems, with the core word last

_MAX_WORDS = 3
_SHARED = 3  # titles that must share a phrase before a longer one is preferred to a shorter
_MOSTLY = 0.7  # share of a word's titles in which another stands before it, from which on the two belong together
_ROUNDS = 6
_MIDDLE, _FAR_END = 0.5, 0.4  # how much less likely the core word stands inside or at the other end of a title
_UNSEEN = 0.25


@dataclass(frozen=True)
class PhraseModel:
    """What the titles of a catalogue say about its words; the same titles always give the same model.

    Attributes:
        core_first: Whether the core word opens a title (as in Russian) instead of closing it (as in English).
        coreness: Share of a word's titles in which it is the core word, smoothed.
        counts: Titles that hold each run of one to three stems.
        surfaces: The commonest spelling of each run.
        plurals: Stem to plural, for words whose plural the titles use.
    """

    core_first: bool
    coreness: dict[str, float]
    counts: Counter[Key]
    surfaces: dict[Key, str]
    plurals: dict[str, str]

    def phrase(self, title: str) -> str:
        """Modifier + core word of a title; the plain title where all of its words are colours, sizes and the like."""
        keys = self.keys(title)
        if not keys:
            return " ".join(plain(title).split()) or title
        shared = [key for key in keys if len(key) > 1 and self.counts[key] >= _SHARED]
        chosen = max(shared, key=len) if shared else keys[min(1, len(keys) - 1)]
        return self.text(keys[2] if len(chosen) == 2 and len(keys) > 2 and self._inseparable(keys[2]) else chosen)

    def keys(self, title: str) -> list[Key]:
        """The core word, then the core word with one and with two modifiers, as far as the title has them."""
        words = self._oriented(title)
        if not words:
            return []
        at = core_place(words, self.coreness)
        # "doormat english rose": what follows the core word describes it when nothing stands before.
        run = words[: at + 1] if at else words[1:_MAX_WORDS] + words[:1]
        return [run[-n:] for n in range(1, min(len(run), _MAX_WORDS) + 1)]

    def text(self, key: Key) -> str:
        """The key as shoppers read it."""
        known = self.surfaces.get(key)
        words = [self.surfaces.get((word,), word) for word in key]
        return known or " ".join(reversed(words) if self.core_first else words)

    def _inseparable(self, key: Key) -> bool:
        """Whether the first two words belong together: "union jack" in "union jack pennant"."""
        together = self.counts[key[:2]]
        return together >= _SHARED and together >= _MOSTLY * self.counts[key[1:2]]

    def _oriented(self, title: str) -> Key:
        words = tuple(map(stem, content_words(title)))
        return words[::-1] if self.core_first else words


def fit_phrases(titles: Sequence[str]) -> PhraseModel:
    """Counts over the titles; about 60 microseconds a title. Equal titles count once."""
    spelled = [content_words(title) for title in dict.fromkeys(titles)]
    stemmed = [tuple(map(stem, words)) for words in spelled]
    core_first = _core_first(stemmed)
    if core_first:
        spelled, stemmed = [words[::-1] for words in spelled], [words[::-1] for words in stemmed]
    counts: Counter[Key] = Counter()
    spellings: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    for words, keys in zip(spelled, stemmed, strict=True):
        runs = {keys[i : i + n]: words[i : i + n] for n in range(1, 4) for i in range(len(keys) - n + 1)}
        for key, run in runs.items():
            counts[key] += 1
            spellings[key][" ".join(reversed(run) if core_first else run)] += 1
    surfaces = {key: min(seen, key=lambda text: (-seen[text], text)) for key, seen in spellings.items()}
    plurals = {key[0]: text for key, seen in spellings.items() for text in sorted(seen) if _is_plural(key, text)}
    return PhraseModel(core_first, _coreness(stemmed, counts), counts, surfaces, plurals)


def core_place(words: Sequence[str], coreness: dict[str, float]) -> int:
    """Place of the core word in the oriented stems of a title."""
    last = len(words) - 1

    def score(at: int) -> tuple[float, int]:
        place = 1.0 if at == last else _MIDDLE if at else _FAR_END
        return round(coreness.get(words[at], _UNSEEN) * place, 9), at

    return max(range(len(words)), key=score)


def _is_plural(key: Key, text: str) -> bool:
    return len(key) == 1 and text != key[0] and "'" not in text and text.endswith("s")


def _core_first(titles: Sequence[Key]) -> bool:
    """Core words are fewer than modifiers, so the end of the title with fewer different words is theirs."""
    several = [words for words in titles if len(words) > 1]
    return len({words[0] for words in several}) < 0.9 * len({words[-1] for words in several})


def _coreness(titles: Sequence[Key], counts: Counter[Key]) -> dict[str, float]:
    last = Counter(words[-1] for words in titles if words)
    first = Counter(words[0] for words in titles if len(words) > 1)
    n = {key[0]: count for key, count in counts.items() if len(key) == 1}
    coreness = {word: (last[word] + 0.3 * first[word] + 0.5) / (n[word] + 2) for word in n}
    for _ in range(_ROUNDS):
        cores = Counter(words[core_place(words, coreness)] for words in titles if words)
        coreness = {word: (cores[word] + 0.5) / (n[word] + 2) for word in n}
    return coreness
