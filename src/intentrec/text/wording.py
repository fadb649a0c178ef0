"""Plain comparisons of short texts that every gate needs: same words, same script, empty talk."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Literal

from intentrec.text.words import stem as words_stem

Script = Literal["latin", "cyrillic", "other", "none"]

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_RUSSIAN_ENDINGS = (
    "ами", "ями", "ого", "ему", "ыми", "ими", "ов", "ев", "ей", "ам", "ям", "ах", "ях", "ой", "ый", "ий",
    "ая", "яя", "ое", "ее", "ые", "ие", "ую", "юю", "ом", "ем", "а", "я", "о", "е", "ы", "и", "у", "ю", "ь",
)  # fmt: skip
MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December"),
    "ru": ("январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь",
           "декабрь"),
}  # fmt: skip
_STEM_LENGTH = 3
_NEARLY_ALL = 0.8
# What small models write in place of an answer: the placeholders, field names and orders of the prompt itself.
_ECHO = re.compile(
    r"\.\.\.|…|[<>{}\[\]«»]|\b(json|schema|placeholder|your answer|as an ai|system prompt|"
    r"ignore (the|all|any|previous)|instructions?|инструкци\w*|игнорируй\w*|ваш ответ)\b",
    re.IGNORECASE,
)


def words(text: str) -> tuple[str, ...]:
    """Lower-case words in order; punctuation is dropped, hyphens and apostrophes inside a word stay."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def script_of(text: str) -> Script:
    """The script of most letters; "none" where there is no letter."""
    counts: dict[Script, int] = {"latin": 0, "cyrillic": 0, "other": 0}
    for letter in filter(str.isalpha, text):
        counts[_script_of_letter(letter)] += 1
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "none"


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The singular of an English word, a Russian one without its commonest ending: rough, only for comparing."""
    if script_of(word) != "cyrillic":
        return words_stem(word)
    for ending in _RUSSIAN_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_LENGTH:
            return word.removesuffix(ending)
    return word


@lru_cache(maxsize=65536)
def stems(text: str) -> frozenset[str]:
    """Stems of the words of a text."""
    return frozenset(stem(word) for word in words(text))


def same_words(a: str, b: str) -> bool:
    """Whether two texts consist of the same words, whatever their order and endings."""
    return stems(a) == stems(b)


def copies(text: str, titles: Iterable[str]) -> bool:
    """Whether a text is one of the titles or nearly so: four fifths of all words of both are shared."""
    mine = stems(text)
    return any(_overlap(mine, stems(title)) >= _NEARLY_ALL for title in titles)


def mentions(text: str, phrases: Collection[str]) -> bool:
    """Whether one of the phrases stands in the text, word by word and whatever the endings."""
    inside = f" {_stemmed(text)} "
    return any(f" {_stemmed(phrase)} " in inside for phrase in phrases if words(phrase))


def echoes(text: str) -> bool:
    """Whether a text repeats placeholders, markup or orders instead of saying something."""
    return _ECHO.search(text) is not None


def month_name(moment: datetime, language: str) -> str:
    """The month in words: as near as prompts come to the date, so that a daily run does not change every prompt."""
    return MONTHS[language][moment.month - 1]


@lru_cache(maxsize=65536)
def _stemmed(text: str) -> str:
    return " ".join(stem(word) for word in words(text))


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a and b else 0.0


def _script_of_letter(letter: str) -> Script:
    if letter.isascii() or "À" <= letter <= "ɏ":
        return "latin"
    return "cyrillic" if "Ѐ" <= letter <= "ӿ" else "other"
