"""What a text claims that nothing supports: pure functions on texts, used by the checks of every task."""

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime

from intentrec.explanations.gate import FUNCTION_WORDS
from intentrec.judge.words import COMMON, FEASTS, INJECTED, PERSONAL
from intentrec.text.wording import MONTHS, mentions, stem, stems, words

# Four letters tell an English month from "decor" or "marble"; Russian ones change from the fourth letter on.
_MONTHS = {
    start: number
    for names, letters in ((MONTHS["en"], (3, 4)), (MONTHS["ru"], (3,)))
    for number, name in enumerate(names, start=1)
    for start in (name.casefold()[:length] for length in letters)
} | {"мая": 5, "мае": 5}
_ISO = re.compile(r"\b((?:19|20)\d{2})-(\d{1,2})(?:-(\d{1,2}))?\b")
_NAMED = re.compile(r"\b([^\W\d_]{3,9})\.?,?\s+((?:19|20)\d{2})\b")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
_TELLING = 3


def in_the_future(text: str, as_of: datetime) -> str:
    """The first date of a text that is later than a time, as it is written there; "" if there is none.

    A year counts as its first day and a month as its first: nobody can have done anything then either.
    """
    today = as_of.date()
    for found in _ISO.finditer(text):
        year, month, day = (int(part or 1) for part in found.groups())
        if 1 <= month <= len(MONTHS["en"]) and date(year, month, min(max(day, 1), 28)) > today:
            return found[0]
    for found in _NAMED.finditer(text):
        word = found[1].casefold()
        named = _MONTHS.get(word[: 4 if word.isascii() else 3])
        if named and date(int(found[2]), named, 1) > today:
            return found[0]
    return next((found[0] for found in _YEAR.finditer(text) if int(found[0]) > today.year), "")


def unsafe(text: str, unsafe_words: Collection[str]) -> str:
    """The first of the words that the text holds, or a piece of personal data in it; "" if it is safe."""
    personal = PERSONAL.search(text)
    if personal:
        return personal[0].strip()
    return next((word for word in unsafe_words if mentions(text, [word])), "")


def ordered(text: str) -> str:
    """The words of a text that are an order to a program; "" if there are none."""
    found = INJECTED.search(text)
    return found[0].strip() if found else ""


def claimed(text: str, known: str, properties: Collection[str]) -> str:
    """The first of the properties that the text names and what is known does not; "" if there is none."""
    return next((name for name in properties if mentions(text, [name]) and not mentions(known, [name])), "")


def out_of_season(text: str, month: int) -> str:
    """The feast that the text names and that is neither near nor ahead in a month (1 to 12); "" if there is none."""
    said = f" {' '.join(words(text))}"
    return next((feast for feast, months in FEASTS.items() if f" {feast}" in said and month not in months), "")


def ungrounded(text: str, known: str) -> Sequence[str]:
    """Telling words of a text that stand neither in what is known nor among those that any sentence may hold."""
    allowed = stems(known) | {stem(word) for word in COMMON} | FUNCTION_WORDS
    return [word for word in _telling(text) if stem(word) not in allowed]


def share_ungrounded(text: str, known: str) -> float:
    """Share of the telling words that `ungrounded` finds; 0 where a text has none."""
    telling = [word for word in _telling(text) if word not in COMMON]
    return len(ungrounded(text, known)) / len(telling) if telling else 0.0


def _telling(text: str) -> list[str]:
    return [word for word in dict.fromkeys(words(text)) if len(word) >= _TELLING and word not in FUNCTION_WORDS]
