"""What a model is shown of a case, and in which order its choices stand."""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any, TypeVar

from intentrec.judge.cases import Case, ExplanationCase, InterestCase, TagCase
from intentrec.text.wording import month_name, words

T = TypeVar("T")


def shuffled(things: Sequence[T], salt: str) -> list[T]:
    """The things in an order that differs from salt to salt, and is the same every time for one salt.

    A fixed order would let a model pass that always takes the first choice.
    """
    return sorted(things, key=lambda thing: sha256(f"{salt}\0{thing}".encode()).digest())


def shown(case: Case, language: str, limit: int) -> dict[str, Any]:
    """The values that prompts put in; at most `limit` lines of evidence, history or facts."""
    common = {
        "task": case.task,
        "text": case.text,
        "reason": case.reason,
        "interest": case.interest,
        "month": month_name(case.as_of, language),
        "recent": (),
    }
    if isinstance(case, InterestCase):
        return common | {"lines": evidence_lines(case)[-limit:]}
    if isinstance(case, TagCase):
        return common | {"lines": case.history[:limit], "recent": case.recent[:limit]}
    assert isinstance(case, ExplanationCase)
    return common | {"lines": [f"{name}: {fact}" for name, fact in case.facts[:limit]]}


def evidence_lines(case: InterestCase) -> list[str]:
    """What the user did, a line for each day and kind of event, oldest first; how often, where more than once."""
    days = groupby(case.evidence, key=lambda touch: (f"{touch.timestamp:%Y-%m-%d}", touch.event))
    return [f"{day} ({event}) | {_counted(touch.text for touch in touches)}" for (day, event), touches in days]


def _counted(texts: Iterable[str]) -> str:
    """Distinct texts with their numbers: a reason may say how often something was bought."""
    return ", ".join(text if n == 1 else f"{text} ({n} times)" for text, n in Counter(texts).items())


def is_quoted(quote: str, text: str) -> bool:
    """Whether the words of a quote stand in a text one after the other, whatever their case and punctuation."""
    said = words(quote)
    return bool(said) and f" {' '.join(said)} " in f" {' '.join(words(text))} "
