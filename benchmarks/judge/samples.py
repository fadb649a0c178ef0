"""Labelled outputs as files of the repository: what was judged, and what raters said of it."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intentrec.judge.cases import Case, ExplanationCase, InterestCase, TagCase, Touch
from intentrec.judge.criteria import Task, criteria_of
from intentrec.judge.showing import shown

FOLDER = Path(__file__).parent / "labelled"
LABELS = "labels.csv"
COLUMNS = ("task", "case_id", "rater", "criterion", "verdict")
_KINDS: Mapping[Task, type[Case]] = {"interest": InterestCase, "tag": TagCase, "explanation": ExplanationCase}
_LINES = 25


@dataclass(frozen=True)
class Sample:
    """One output that raters judge.

    Attributes:
        shop: Whose data it was written about.
        writers: Who wrote it in these words, and about the same; raters do not see them.
        planted: What was made wrong on purpose; "" where nothing was.
    """

    shop: str
    writers: tuple[str, ...]
    planted: str
    case: Case

    def line(self) -> str:
        """As one line of JSON."""
        values = {"shop": self.shop, "writers": self.writers, "planted": self.planted, "case": asdict(self.case)}
        return json.dumps(values, ensure_ascii=False, default=datetime.isoformat)

    def also_by(self, writers: Iterable[str]) -> "Sample":
        """The same, written by others as well."""
        return replace(self, writers=tuple(dict.fromkeys((*self.writers, *writers))))

    def told(self, language: str = "en") -> dict[str, Any]:
        """What a rater is shown: all there is to judge it by, and not who wrote it."""
        values = shown(self.case, language, _LINES)
        told = {name: list(value) if isinstance(value, tuple | list) else value for name, value in values.items()}
        return {"id": self.case.key, **{name: value for name, value in told.items() if value}}


@dataclass(frozen=True)
class Labelled:
    """The samples of one task."""

    task: Task
    samples: tuple[Sample, ...]

    @staticmethod
    def file(folder: Path, task: Task) -> Path:
        """Where they lie."""
        return folder / f"{task}.jsonl"

    @classmethod
    def read(cls, folder: Path, task: Task) -> "Labelled":
        """From a folder."""
        lines = cls.file(folder, task).read_text("utf-8").splitlines()
        return cls(task, tuple(_sample(task, json.loads(line)) for line in lines))

    def write(self, folder: Path) -> None:
        """Into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.file(folder, self.task).write_text("".join(f"{sample.line()}\n" for sample in self.samples), "utf-8")


def read_labels(folder: Path) -> Iterator[dict[str, str]]:
    """Rows of the labels, each with the columns of `COLUMNS`; verdicts that are none of the criterion's are errors.

    Raises:
        ValueError: See above; names the row.
    """
    for file in sorted(folder.glob(f"*{LABELS}")):
        with file.open(encoding="utf-8", newline="") as opened:
            for number, row in enumerate(csv.DictReader(opened), start=2):
                levels = {c.name: c.levels for c in criteria_of(_task(row["task"]), "en")}
                if row["verdict"] not in levels.get(row["criterion"], ()):
                    raise ValueError(f"{file.name}, line {number}: {row['criterion']}={row['verdict']} is no verdict.")
                yield row


def label_row(sample: Sample, row: Mapping[str, str]) -> dict[str, object]:
    """A label as a row of the table `LABELS`."""
    case = sample.case
    return {
        "label_id": "/".join(row[name] for name in COLUMNS[:4]),
        "task": row["task"],
        "subject": case.subject,
        "user_id": case.user_id,
        "item_id": case.item_id,
        "interest": case.interest,
        "text": case.text,
        "criterion": row["criterion"],
        "verdict": row["verdict"],
        "rater": row["rater"],
        "note": "",
        "at": datetime(2026, 11, 30, tzinfo=UTC),
    }


def _task(name: str) -> Task:
    if name not in _KINDS:
        raise ValueError(f"There is no task {name!r}.")
    return next(task for task in _KINDS if task == name)


def _sample(task: Task, values: dict[str, Any]) -> Sample:
    fields = dict(values["case"])
    fields["as_of"] = datetime.fromisoformat(fields["as_of"])
    for name, value in fields.items():
        if isinstance(value, list):
            fields[name] = tuple(tuple(one) if isinstance(one, list) else one for one in value)
    if "evidence" in fields:
        fields["evidence"] = tuple(
            Touch(datetime.fromisoformat(one["timestamp"]), one["event"], one["text"]) for one in fields["evidence"]
        )
    return Sample(values["shop"], tuple(values["writers"]), values["planted"], _KINDS[task](**fields))
