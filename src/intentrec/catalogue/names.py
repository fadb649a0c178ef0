"""Item-level compression (RecGPT-V1, section 1.1): the record of an item as a few words."""

import re
import unicodedata

from intentrec.text.words import plain

_SEPARATORS = re.compile(r"[|,;\"«»\s]+")  # what profile lines and prompts are built with
_MOSTLY_CAPITALS = 0.6
_NAMELESS = "unnamed"


def item_name(title: str, brand: str | None, category: str | None, max_chars: int) -> str:
    """Brand, title and category in one line of at most `max_chars`, without pack counts, measures and separators.

    A title in capitals is lowered. Brand and category are left out where the title says them already.
    """
    name = _compressed(title) or _NAMELESS
    for extra, pattern in ((brand, "{extra} {name}"), (category, "{name} ({extra})")):
        clean = one_line(extra or "")
        if clean and clean.lower() not in name.lower():
            name = pattern.format(extra=clean, name=name)
    return bounded(name, max_chars)


def one_line(text: str) -> str:
    """The text without control characters, line breaks and our separators, single-spaced."""
    visible = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text)
    return _SEPARATORS.sub(" ", visible).strip()


def bounded(text: str, max_chars: int) -> str:
    """The text cut at a word to at most `max_chars` characters."""
    if len(text) <= max_chars:
        return text
    cut = text[: max_chars + 1].rpartition(" ")[0].rstrip(" -+&(/")
    return cut or text[:max_chars]


def _compressed(title: str) -> str:
    line = one_line(title)
    letters = [c for c in line if c.isalpha()]
    capitals = sum(c.isupper() for c in letters) >= _MOSTLY_CAPITALS * max(len(letters), 1)
    short = " ".join(plain(line).split()).strip(" .-+/&")
    if not capitals:
        short = _in_case_of(line, short)
    return short or line


def _in_case_of(line: str, short: str) -> str:
    """The words of `short` spelled as in `line`; lower case where they are not found there."""
    spelled = {word.lower(): word for word in line.split()}
    return " ".join(spelled.get(word, word) for word in short.split())
