"""Reasons told from the evidence itself: "bought 5 times since March 2011: lunch bag, jumbo bag"."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December"),
    "ru": ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
           "декабря"),
}  # fmt: skip
_IN_MONTH_RU = ("январе", "феврале", "марте", "апреле", "мае", "июне", "июле", "августе", "сентябре", "октябре",
                "ноябре", "декабре")  # fmt: skip
_VERBS = {
    "en": {"purchase": "bought", "view": "viewed", "favourite": "saved", "cart": "put in the cart",
           "search": "searched for", "rating": "rated", "review": "reviewed", "click": "clicked"},
    "ru": {"purchase": "куплено", "view": "просмотрено", "favourite": "отложено", "cart": "добавлено в корзину",
           "search": "искали", "rating": "оценено", "review": "есть отзывы", "click": "открыто"},
}  # fmt: skip
_NAMES_SHOWN = 3
_KINDS_SHOWN = 2
_NAME_LENGTH = 48


def evidence_reason(
    kinds: Sequence[str], counts: Sequence[int], first: datetime, last: datetime, names: Sequence[str], language: str
) -> str:
    """One clause from the evidence.

    Args:
        kinds: Event kinds, most frequent first.
        counts: How often each happened.
        first: Time of the first event.
        last: Time of the last event.
        names: What was touched, most telling first; at most three are shown.
        language: "en" or "ru".
    """
    done = [_did(kind, n, language) for kind, n in zip(kinds, counts, strict=True)][:_KINDS_SHOWN]
    joined = (" и " if language == "ru" else " and ").join(done)
    shown = ", ".join(_shortened(name) for name in names[:_NAMES_SHOWN])
    return f"{joined} {_when(first, last, language)}: {shown}"


def told_from(evidence: pl.DataFrame, language: str) -> str:
    """The same from the events themselves, the texts of the greatest strength first.

    Args:
        evidence: event, timestamp, text, strength; at least one row.
        language: "en" or "ru".
    """
    kinds = evidence.group_by("event").len("n").sort("n", "event", descending=[True, False])
    names = (
        evidence.group_by("text")
        .agg(pl.col("strength").sum().round(6))
        .sort("strength", "text", descending=[True, False])
    )
    first, last = evidence.select(first=pl.col("timestamp").min(), last=pl.col("timestamp").max()).row(0)
    return evidence_reason(
        kinds["event"].to_list(), kinds["n"].to_list(), first, last, names["text"].to_list(), language
    )


def _did(kind: str, n: int, language: str) -> str:
    verb = _VERBS[language].get(kind, kind)
    if language == "ru":
        few = n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14)
        return f"{verb} {n} {'раза' if few else 'раз'}"
    return f"{verb} {({1: 'once', 2: 'twice'}).get(n, f'{n} times')}"


def _when(first: datetime, last: datetime, language: str) -> str:
    same_month = (first.year, first.month) == (last.year, last.month)
    if language == "ru":
        month = _IN_MONTH_RU[first.month - 1] if same_month else _MONTHS["ru"][first.month - 1]
        return f"{'в' if same_month else 'с'} {month} {first.year}"
    return f"{'in' if same_month else 'since'} {_MONTHS['en'][first.month - 1]} {first.year}"


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1].rstrip() + "…"
