"""General instructions whose right answers follow by rule: nobody's property, in both languages, without a model."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from intentrec.alignment.data.general.texts import texts_of, version_of
from intentrec.alignment.samples import Sample
from intentrec.llm import Message

_MOST_TRIES = 20
Texts = dict[str, Any]
Drawn = tuple[dict[str, object], str]


def general_by_rule(language: str, n: int, as_of: datetime, seed: int) -> list[Sample]:
    """Up to `n` instructions of all kinds in turn, none twice.

    Raises:
        ConfigError: There are none in this language.
    """
    texts, version = texts_of(language), version_of(language)
    samples: dict[str, Sample] = {}
    for question, answer in _asked(texts, random.Random(f"{seed}/{language}"), n * _MOST_TRIES):
        if len(samples) == n:
            break
        chat = (Message(role="user", content=question),)
        samples.setdefault(question, Sample("general", "general", "none", chat, answer, as_of, version))
    return list(samples.values())


def _asked(texts: Texts, rng: random.Random, tries: int) -> Iterator[tuple[str, str]]:
    for place in range(tries):
        name, draw = _KINDS[place % len(_KINDS)]
        values, answer = draw(texts, rng)
        yield texts["rules"][name].format(**values), answer


def _sum(texts: Texts, rng: random.Random) -> Drawn:
    a, b = rng.randint(2, 50), rng.randint(2, 50)
    return {"a": a, "b": b}, str(a + b)


def _difference(texts: Texts, rng: random.Random) -> Drawn:
    a, b = rng.randint(2, 50), rng.randint(2, 50)
    return {"a": a + b, "b": b}, str(a)


def _larger(texts: Texts, rng: random.Random) -> Drawn:
    a, b = rng.sample(range(2, 1000), 2)
    return {"a": a, "b": b}, str(max(a, b))


def _month(texts: Texts, rng: random.Random) -> Drawn:
    return _next(texts["months"], rng)


def _day(texts: Texts, rng: random.Random) -> Drawn:
    return _next(texts["days"], rng)


def _next(names: list[str], rng: random.Random) -> Drawn:
    at = rng.randrange(len(names))
    return {"name": names[at]}, names[(at + 1) % len(names)]


def _opposite(texts: Texts, rng: random.Random) -> Drawn:
    word, other = rng.choice(texts["opposites"])
    return {"word": word}, other


def _alphabet(texts: Texts, rng: random.Random) -> Drawn:
    words = rng.sample(texts["words"], 4)
    return {"words": ", ".join(words)}, ", ".join(sorted(words))


def _repeat(texts: Texts, rng: random.Random) -> Drawn:
    word, n = rng.choice(texts["words"]), rng.randint(2, 4)
    return {"word": word, "n": n}, " ".join([word] * n)


def _capitals(texts: Texts, rng: random.Random) -> Drawn:
    said = " ".join(rng.sample(texts["words"], 3))
    return {"said": said}, said.upper()


def _letters(texts: Texts, rng: random.Random) -> Drawn:
    word = rng.choice(texts["words"])
    return {"word": word}, str(len(word))


def _first(texts: Texts, rng: random.Random) -> Drawn:
    words = rng.sample(texts["words"], 3)
    return {"words": ", ".join(words)}, words[0]


def _kind(texts: Texts, rng: random.Random) -> Drawn:
    word, kind = rng.choice(texts["kinds"])
    return {"word": word}, kind


_KINDS: tuple[tuple[str, Callable[[Texts, random.Random], Drawn]], ...] = (
    ("sum", _sum), ("difference", _difference), ("larger", _larger), ("month", _month), ("day", _day),
    ("opposite", _opposite), ("alphabet", _alphabet), ("repeat", _repeat), ("capitals", _capitals),
    ("letters", _letters), ("first", _first), ("kind", _kind),
)  # fmt: skip
