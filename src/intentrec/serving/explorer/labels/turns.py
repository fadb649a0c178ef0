"""Whose turn it is to judge what, and what is kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intentrec.errors import ConfigError
from intentrec.judge.criteria import CRITERIA, Task
from intentrec.serving.explorer.explorer import Explorer
from intentrec.serving.explorer.labels.evidence import known
from intentrec.serving.explorer.labels.given import given, judged_by
from intentrec.serving.explorer.labels.subjects import Subject, subjects
from intentrec.serving.live import Label
from intentrec.serving.ranking import Ranking


class Turn(BaseModel):
    """Whose turn it is, and where in the order.

    Attributes:
        after: Places that were passed: of the thing that was skipped, and all before it.
    """

    model_config = ConfigDict(frozen=True)

    task: Task
    rater: str = Field(min_length=1, max_length=100, pattern=r"\S")
    after: int = Field(0, ge=0, le=1_000_000)


class Judged(Turn):
    """What a form says of one thing, beside the verdicts.

    Attributes:
        place: Of the thing in the order.
        text: Its words, so that nothing else is judged by mistake.
    """

    place: int = Field(ge=1, le=1_000_000)
    text: str = Field(max_length=10_000)
    note: str = Field("", max_length=10_000)


@dataclass(frozen=True)
class Next:
    """What comes next.

    Attributes:
        place: Its place in the order, from 1; 0 where nothing is left.
        done: How many of the order the rater has judged.
        total: How many there are.
    """

    place: int
    subject: Subject | None
    done: int
    total: int


def next_of(explorer: Explorer, ranking: Ranking, turn: Turn) -> Next:
    """The first thing in the order that the rater has neither judged nor passed."""
    pool = _pool(explorer, ranking, turn.task)
    done = judged_by(given(explorer.holder.workspace, explorer.holder.store.labels()), turn.task, turn.rater.strip())
    n_done = sum(subject.key in done for subject in pool)
    for place, subject in enumerate(pool, 1):
        if place > turn.after and subject.key not in done and known(ranking, subject):
            return Next(place, subject, n_done, len(pool))
    return Next(0, None, n_done, len(pool))


def judged_of(form: Mapping[str, Any]) -> Judged:
    """What a form says.

    Raises:
        ConfigError: It says something else.
    """
    try:
        return Judged.model_validate({name: form[name] for name in Judged.model_fields if name in form})
    except ValidationError as error:
        raise ConfigError(f"This form is not one of ours: {_fault(error)}.") from error


def keep(explorer: Explorer, ranking: Ranking, judged: Judged, verdicts: Mapping[str, Any]) -> None:
    """Store the verdicts on one thing, all at once.

    Args:
        explorer: Where they go.
        ranking: Of the release whose things are judged.
        judged: Which thing, by whom.
        verdicts: Criterion -> verdict.

    Raises:
        ConfigError: A criterion was left out, or the thing is not the one that was shown.
        WorkspaceError: They cannot be stored.
    """
    pool = _pool(explorer, ranking, judged.task)
    subject = pool[judged.place - 1] if judged.place <= len(pool) else None
    if subject is None or subject.text != judged.text:
        raise ConfigError("The release has changed since this page was made. Open it again; nothing was kept.")
    common = {
        "task": judged.task, "subject": subject.about, "user_id": subject.user_id, "item_id": subject.item_id,
        "interest": subject.interest, "text": subject.text, "rater": judged.rater.strip(), "note": judged.note.strip(),
        "at": explorer.now(),
    }  # fmt: skip
    labels = []
    for criterion in CRITERIA[judged.task]:
        verdict = verdicts.get(criterion.name)
        if verdict not in criterion.levels:
            raise ConfigError(f"Judge {criterion.name}: {', '.join(criterion.levels)}. Nothing was kept.")
        labels.append(_label(common | {"criterion": criterion.name, "verdict": verdict}))
    explorer.holder.store.add_labels(labels)


def _pool(explorer: Explorer, ranking: Ranking, task: Task) -> Sequence[Subject]:
    return subjects(explorer.holder.workspace, ranking.bundle.meta.release, task)


def _label(values: dict[str, Any]) -> Label:
    try:
        return Label.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"This judgement cannot be kept: {_fault(error)}.") from error


def _fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}"
