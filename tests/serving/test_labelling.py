"""Labels by hand and by file."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from intentrec.config import Config
from intentrec.errors import ConfigError, DataError, NotFoundError
from intentrec.judge.people import label_case
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.serving.explorer.labels.subjects import subjects
from intentrec.serving.labelling import add_labels, labels_for, next_cases, read_labels, write_labels
from intentrec.tables import LABELS
from intentrec.workspace import Workspace
from shop_world import NOW, make_shop, open_shop

AT = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Config]:
    workspace, config = open_shop(tmp_path_factory.mktemp("labelled") / "shop", make_shop(24))
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    return workspace, config


def test_every_rater_is_shown_the_same_things_in_the_order_of_the_page(released: tuple[Workspace, Config]) -> None:
    workspace, config = released
    for task in ("interest", "tag", "explanation"):
        pool = subjects(workspace, workspace.release().release, task)
        for rater in ("ann", "bob"):
            cases = next_cases(workspace, config, LABELS.empty(), task, rater, 3)
            assert [case.text for case in cases] == [subject.text for subject in pool[:3]]
            assert {case.task for case in cases} == {task}


def test_what_a_rater_has_judged_does_not_come_again(released: tuple[Workspace, Config]) -> None:
    workspace, config = released
    first, second = next_cases(workspace, config, LABELS.empty(), "tag", "ann", 2)
    labels = labels_for(workspace, first.key, {"relevance": "yes"}, "ann", "", AT)
    add_labels(workspace, labels)
    stored = workspace.read("labels")
    assert next_cases(workspace, config, stored, "tag", "ann", 1) == [second]
    assert next_cases(workspace, config, stored, "tag", "bob", 1) == [first]
    assert label_case(stored.row(0, named=True)) == first.key


def test_a_second_verdict_replaces_the_first(released: tuple[Workspace, Config]) -> None:
    workspace, config = released
    case = next_cases(workspace, config, LABELS.empty(), "interest", "cid", 1)[0]
    given = {"willingness": "yes", "hallucination": "yes"}
    before = add_labels(workspace, labels_for(workspace, case.key, given, "cid", "at first sight", AT))
    after = add_labels(workspace, labels_for(workspace, case.key, {"willingness": "no"}, "cid", "", AT))
    assert after == before
    mine = workspace.read("labels").filter(rater="cid").sort("criterion")
    assert mine.select("criterion", "verdict").rows() == [("hallucination", "yes"), ("willingness", "no")]


@pytest.mark.parametrize(
    ("verdicts", "message"),
    [
        ({"beauty": "yes"}, "tags are not judged by 'beauty', but by relevance, consistency"),
        ({"specificity": "yes"}, "'yes' is no verdict by specificity: bad, good, excellent"),
    ],
)
def test_verdicts_that_are_none_are_refused(
    released: tuple[Workspace, Config], verdicts: dict[str, str], message: str
) -> None:
    workspace, config = released
    case = next_cases(workspace, config, LABELS.empty(), "tag", "dan", 1)[0]
    with pytest.raises(ConfigError, match=message):
        labels_for(workspace, case.key, verdicts, "dan", "", AT)


def test_a_thing_that_is_not_there_is_not_judged(released: tuple[Workspace, Config]) -> None:
    with pytest.raises(NotFoundError, match="nothing 'abc' to judge"):
        labels_for(released[0], "abc", {"relevance": "yes"}, "dan", "", AT)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_labels_survive_a_file(released: tuple[Workspace, Config], tmp_path: Path, ending: str) -> None:
    workspace, config = released
    case = next_cases(workspace, config, LABELS.empty(), "explanation", "eve", 1)[0]
    labels = labels_for(workspace, case.key, {"clarity": "no", "safety": "yes"}, "007", 'a "note", with, commas', AT)
    frame = LABELS.rows(label.model_dump() for label in labels)
    file = tmp_path / f"labels.{ending}"
    write_labels(frame, file)
    assert read_labels(file) == labels


def test_a_file_of_other_raters_needs_no_ids(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(
        "task,subject,user_id,interest,text,criterion,verdict,rater,at\n"
        "interest,007,007,tea,tea,willingness,yes,ann,2026-02-03T04:05:00Z\n"
    )
    label = read_labels(file)[0]
    assert (label.user_id, label.label_id != "", label.note) == ("007", True, "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("task,subject\ninterest,u\n", "lacks the columns text, criterion, verdict, rater, at; it has task, subject"),
        (
            "task,subject,text,criterion,verdict,rater,at\ninterest,u,tea,beauty,yes,ann,2026-02-03T04:05:00Z\n",
            r"holds 1 rows that are no labels; nothing was taken. Row 1: interest beauty is no criterion of ours",
        ),
        (
            "task,subject,text,criterion,verdict,rater,at\ninterest,u,tea,willingness,maybe,ann,2026-02-03T04:05:00Z\n",
            "Row 1: 'maybe' is no verdict by willingness: no, yes",
        ),
        (
            "task,subject,text,criterion,verdict,rater,at\ninterest,u,tea,willingness,yes,ann,yesterday\n",
            "Row 1: at: ",
        ),
    ],
)
def test_files_that_hold_no_labels_are_refused_whole(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(content)
    with pytest.raises(DataError, match=message):
        read_labels(file)


def test_files_of_other_kinds_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"should end in .csv, .jsonl, .parquet"):
        read_labels(tmp_path / "labels.xlsx")
    with pytest.raises(DataError, match="cannot be read"):
        read_labels(tmp_path / "absent.csv")
    with pytest.raises(ConfigError, match=r"'labels.xlsx' should end in .csv, .jsonl, .parquet"):
        write_labels(pl.DataFrame(), tmp_path / "labels.xlsx")
