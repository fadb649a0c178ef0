"""What a rater has to see of a thing to judge it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from intentrec.serving.bundle import About
from intentrec.serving.explorer.explorer import title_of
from intentrec.serving.explorer.labels.subjects import Subject
from intentrec.serving.explorer.story import Happened, events_of, profile_head, profile_lines
from intentrec.serving.ranking import Ranking

_EVENTS = 40


@dataclass(frozen=True)
class Evidence:
    """What is known around a thing.

    Attributes:
        facts: Names and values.
        reason: Why it was written, in the writer's words.
        head: What the profile says beside its lines.
        lines: Lines of the profile that it rests on.
        events: Events that it rests on, latest first.
        more: Events that it rests on and that are not shown.
    """

    facts: Sequence[tuple[str, str]]
    reason: str = ""
    head: str = ""
    lines: Sequence[str] = ()
    events: Sequence[Happened] = ()
    more: int = 0


def known(ranking: Ranking, subject: Subject) -> bool:
    """Whether it can still be judged: its user or item is there and was not erased."""
    if subject.user_id is None:
        return subject.item_id is not None and ranking.item(subject.item_id) is not None
    return not ranking.live.is_erased(subject.user_id) and ranking.bundle.about(subject.user_id) is not None


def evidence(ranking: Ranking, subject: Subject) -> Evidence:
    """Of a thing of the release that is served. Who wrote it is not told: that would be judged, too."""
    if subject.user_id is None:
        return _of_explanation(ranking, subject)
    about = ranking.bundle.about(subject.user_id) or About(subject.user_id, None, [], [])
    interest = next((row for row in about.interests if row["interest_id"] == subject.interest_id), {})
    rows = frozenset(interest.get("evidence") or ())
    history = ranking.bundle.history(subject.user_id)
    events = [event for event in events_of(history, (), partial(title_of, ranking), rows) if event.lit]
    return Evidence(
        facts=_facts(subject, interest, about),
        reason=_reason(subject, interest, about),
        head=profile_head(about.profile),
        lines=[line.text for line in profile_lines(about.profile, rows) if line.lit],
        events=events[:_EVENTS],
        more=max(0, len(events) - _EVENTS),
    )


def _facts(subject: Subject, interest: dict[str, Any], about: About) -> list[tuple[str, str]]:
    found = [("interest", subject.interest)] if subject.task == "tag" else []
    if interest:
        found.append(("stage", interest["stage"]))
    tag = _tag(subject, about)
    return [*found, ("category it leads to", tag["category"])] if tag.get("category") else found


def _reason(subject: Subject, interest: dict[str, Any], about: About) -> str:
    of = _tag(subject, about) if subject.task == "tag" else interest
    return of.get("reason") or ""


def _tag(subject: Subject, about: About) -> dict[str, Any]:
    if subject.task != "tag":
        return {}
    return next((tag for tag in about.tags_of(subject.interest_id) if tag["tag"] == subject.text), {})


def _of_explanation(ranking: Ranking, subject: Subject) -> Evidence:
    item = ranking.item(subject.item_id or "") or {}
    attributes = ((name.replace("_", " "), str(value)) for name, value in item.items() if value not in (None, ""))
    return Evidence([("interest", subject.interest), *attributes])
