"""A score taken apart: as a bar, and as a sum that can be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["user", "tag", "variety", "whole"]
_LEAST_SHOWN = 0.0005
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Part:
    """One piece of a bar.

    Attributes:
        start: Where it begins, 0 to 100.
        width: How long it is, 0 to 100.
    """

    kind: Kind
    start: float
    width: float


@dataclass(frozen=True)
class Bar:
    """A score.

    Attributes:
        parts: Its pieces, on one scale with the other bars of the list.
        zero: Where zero lies, 0 to 100.
        sum: The score and what it consists of, e.g. "0.812 = 0.700 user + 0.112 tags".
    """

    parts: Sequence[Part]
    zero: float
    sum: str


@dataclass(frozen=True)
class _Span:
    kind: Kind
    start: float
    end: float


def bars(entries: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """A bar for each entry of an explained list."""
    spans = [_spans(entry) for entry in entries]
    ends = [0.0, *(end for row in spans for span in row for end in (span.start, span.end))]
    low, high = min(ends), max(ends)
    scale = 100.0 / (high - low or 1.0)

    def part(span: _Span) -> Part:
        left = min(span.start, span.end)
        return Part(span.kind, round((left - low) * scale, 2), round(abs(span.end - span.start) * scale, 2))

    zero = round(-low * scale, 2)
    return [Bar([part(s) for s in row], zero, _sum(entry)) for row, entry in zip(spans, entries, strict=True)]


def variety(entry: Mapping[str, Any]) -> float:
    """What a score lost so that the first places differ; 0 where it has no parts."""
    if entry.get("score_user") is None:
        return 0.0
    return float(entry["score"] - entry["score_user"] - (entry.get("score_tag") or 0.0))


def _spans(entry: Mapping[str, Any]) -> list[_Span]:
    user, tag, score = entry.get("score_user"), entry.get("score_tag") or 0.0, entry["score"]
    if user is None:
        return [_Span("whole", 0.0, score)]
    found = [_Span("user", 0.0, user), _Span("tag", user, user + tag), _Span("variety", user + tag, score)]
    return [span for span in found if abs(span.end - span.start) >= _LEAST_SHOWN]


def _sum(entry: Mapping[str, Any]) -> str:
    if entry.get("score_user") is None:
        return f"{entry['score']:.0f}" if entry["score"] == int(entry["score"]) else number(entry["score"])
    parts = [(entry["score_user"], "user")]
    if entry.get("score_tag") is not None:
        parts.append((entry["score_tag"], "tags"))
    if abs(variety(entry)) >= _LEAST_SHOWN:
        parts.append((variety(entry), "variety"))
    first, *more = parts
    text = f"{number(entry['score'])} = {number(first[0])} {first[1]}"
    return text + "".join(f" {_MINUS if value < 0 else '+'} {number(abs(value))} {name}" for value, name in more)


def number(value: float) -> str:
    """Three digits behind the point, and a proper minus."""
    text = f"{value:.3f}"
    return text.replace("-", "" if float(text) == 0 else _MINUS)
