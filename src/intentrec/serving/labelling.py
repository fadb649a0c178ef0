"""Labels by hand and by file: the same things in the same order as on the labels page, so that raters meet."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from intentrec.config import Config
from intentrec.errors import ConfigError, DataError, NotFoundError
from intentrec.judge.cases import Case, case_id
from intentrec.judge.criteria import CRITERIA, TASKS, Task, criterion_of
from intentrec.pipeline.judge_inputs import labelled_cases, tables_of
from intentrec.serving.explorer.labels.given import judged_by
from intentrec.serving.explorer.labels.subjects import Subject, subjects
from intentrec.serving.live import Label
from intentrec.tables import LABELS
from intentrec.workspace import Workspace

_NEEDED = ("task", "subject", "text", "criterion", "verdict", "rater", "at")
_WRITERS = {".csv": "write_csv", ".jsonl": "write_ndjson", ".parquet": "write_parquet"}


def next_cases(
    workspace: Workspace, config: Config, labels: pl.DataFrame, task: Task, rater: str, n: int
) -> list[Case]:
    """What a rater should judge next, at most `n`; what they have judged is passed over."""
    done = judged_by(labels, task, rater)
    left = [subject for subject in _pool(workspace, task) if subject.key not in done]
    found = _cases(workspace, config, left[:n])
    return [found[_id(subject)] for subject in left[:n]]


def labels_for(
    workspace: Workspace, thing: str, verdicts: Mapping[str, str], rater: str, note: str, at: datetime
) -> list[Label]:
    """One label for each verdict on a thing.

    Args:
        thing: Its case id.
        verdicts: Criterion -> verdict.

    Raises:
        NotFoundError: No such thing is to be judged in the current release.
        ConfigError: A criterion or a verdict is unknown.
    """
    found = [subject for task in TASKS for subject in _pool(workspace, task) if _id(subject) == thing]
    if found:
        _check(found[0].task, verdicts)
        return [_label(found[0], criterion, said, rater, note, at) for criterion, said in verdicts.items()]
    raise NotFoundError(f"There is nothing {thing!r} to judge in the current release. See `intentrec labels next`.")


def read_labels(file: Path) -> list[Label]:
    """Labels of a CSV, JSONL or Parquet file with the columns of `LABELS`; `label_id` may be missing.

    Raises:
        DataError: The file cannot be read, or a row is no label; the first three such rows are told.
    """
    frame = _read(file)
    missing = [name for name in _NEEDED if name not in frame.columns]
    if missing:
        raise DataError(f"{file} lacks the columns {', '.join(missing)}; it has {', '.join(frame.columns)}.")
    known = [name for name in LABELS.schema.names() if name in frame.columns]
    labels, faults = [], []
    for number, row in enumerate(frame.select(known).iter_rows(named=True), start=1):
        try:
            labels.append(_checked({name: value for name, value in row.items() if value is not None}))
        except (ValidationError, ConfigError) as fault:
            faults.append(f"Row {number}: {_first(fault)}")
    if faults:
        raise DataError(
            f"{file} holds {len(faults):,} rows that are no labels; nothing was taken. " + "; ".join(faults[:3])
        )
    return labels


def add_labels(workspace: Workspace, labels: Iterable[Label]) -> int:
    """Store labels; one of the same id replaces the earlier. Returns how many there are now."""
    fresh = LABELS.rows(label.model_dump() for label in labels).unique("label_id", keep="last", maintain_order=True)
    with workspace.writing():
        earlier = workspace.read("labels").join(fresh, on="label_id", how="anti")
        return workspace.write("labels", pl.concat([earlier, fresh])).rows


def write_labels(labels: pl.DataFrame, file: Path) -> None:
    """Labels as CSV, JSONL or Parquet, by the file's ending.

    Raises:
        ConfigError: Another ending.
    """
    writer = _WRITERS.get(file.suffix.lower())
    if writer is None:
        raise ConfigError(f"{file.name!r} should end in {', '.join(_WRITERS)}.")
    getattr(labels, writer)(file)


def _pool(workspace: Workspace, task: Task) -> Sequence[Subject]:
    return subjects(workspace, workspace.release().release, task)


def _id(subject: Subject) -> str:
    return case_id(subject.task, subject.user_id, subject.item_id, subject.interest, subject.text)


def _cases(workspace: Workspace, config: Config, pool: Sequence[Subject]) -> dict[str, Case]:
    """The cases of things, by their ids."""
    columns = ("task", "user_id", "item_id", "interest", "text")
    rows = LABELS.rows({name: getattr(subject, name) for name in columns} for subject in pool)
    found = labelled_cases(rows, tables_of(workspace, workspace.release()), config)
    return {case.key: case for cases in found.values() for case in cases}


def _check(task: Task, verdicts: Mapping[str, str]) -> None:
    names = {criterion.name: criterion for criterion in CRITERIA[task]}
    for name, verdict in verdicts.items():
        if name not in names:
            raise ConfigError(f"{task}s are not judged by {name!r}, but by {', '.join(names)}.")
        if verdict not in names[name].levels:
            raise ConfigError(f"{verdict!r} is no verdict by {name}: {', '.join(names[name].levels)}.")


def _label(subject: Subject, criterion: str, verdict: str, rater: str, note: str, at: datetime) -> Label:
    return Label.model_validate(
        {
            "task": subject.task, "subject": subject.about, "user_id": subject.user_id, "item_id": subject.item_id,
            "interest": subject.interest, "text": subject.text, "criterion": criterion, "verdict": verdict,
            "rater": rater, "note": note, "at": at,
        }
    )  # fmt: skip


def _checked(values: dict[str, object]) -> Label:
    label = Label.model_validate(values)
    criterion = criterion_of(label.task, label.criterion)
    if criterion is None:
        raise ConfigError(f"{label.task} {label.criterion} is no criterion of ours")
    if label.verdict not in criterion.levels:
        raise ConfigError(f"{label.verdict!r} is no verdict by {label.criterion}: {', '.join(criterion.levels)}")
    return label


def _first(fault: ValidationError | ConfigError) -> str:
    if isinstance(fault, ConfigError):
        return str(fault)
    error = fault.errors()[0]
    return f"{'.'.join(map(str, error['loc']))}: {error['msg'].lower()}"


def _read(file: Path) -> pl.DataFrame:
    """A table of texts where the file knows no types: ids such as 007 stay as they are."""
    try:
        if file.suffix.lower() == ".csv":
            return pl.read_csv(file, infer_schema=False)
        if file.suffix.lower() == ".jsonl":
            return pl.read_ndjson(file)
        if file.suffix.lower() == ".parquet":
            return pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    raise DataError(f"{file} should end in {', '.join(_WRITERS)}.")
