"""Commands around the judge: `intentrec judge`, and those of `intentrec labels` that give and use labels."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from intentrec.cli import show_judge
from intentrec.cli.bars import RichProgress
from intentrec.cli.common import AsJson, err, out, printed, state
from intentrec.cli.labels import labels_app
from intentrec.workspace import Workspace

Rater = Annotated[str, typer.Option(help="Who judges.")]
TaskName = Annotated[str, typer.Option(help="interest, tag or explanation.")]


def judge(
    sample: Annotated[int, typer.Option(min=1, max=100_000, help="Outputs of each task, of every writer alike.")] = 200,
    task: Annotated[
        list[str] | None, typer.Option(help="interest, tag or explanation; may be given several times.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a sample of the current release by rules and, where there is a capable one, a language model.

    Shows pass rates by task and criterion with intervals: the judge's own, and corrected for its error where people
    labelled enough (docs/judge.md). A model must first catch planted faults, or the run stops. Verdicts are stored, and
    no model call is paid for twice.
    """
    from intentrec.judge.criteria import TASKS
    from intentrec.pipeline.judging import judge_workspace, task_named

    workspace, config = state.open()
    tasks = [task_named(name) for name in task] if task else list(TASKS)
    with RichProgress(err) as progress:
        report = judge_workspace(
            workspace, config, _labels(workspace), sample=sample, tasks=tasks, now=_now, progress=progress
        )
    printed(as_json, report.as_dict(), lambda: show_judge.report(out, report))


@labels_app.command("next")
def labels_next(
    rater: Rater,
    task: TaskName = "interest",
    n: Annotated[int, typer.Option("-n", min=1, max=100, help="How many things.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show what a rater should judge next, with all there is to judge it by: the same order for every rater."""
    from intentrec.pipeline.judging import task_named
    from intentrec.serving.labelling import next_cases

    workspace, config = state.open()
    cases = next_cases(workspace, config, _labels(workspace), task_named(task), rater, n)
    told = [show_judge.told(case, config.language) for case in cases]
    printed(as_json, told, lambda: show_judge.to_judge(out, told, rater))


@labels_app.command("add")
def labels_add(
    thing: Annotated[str, typer.Argument(help="The id that `labels next` shows.", metavar="ID")],
    rater: Rater,
    verdict: Annotated[list[str], typer.Option(help="CRITERION=VERDICT; may be given several times.")],
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Judge one thing. A second verdict of the same rater on the same thing and criterion replaces the first."""
    from intentrec.serving.labelling import add_labels, labels_for

    workspace, _ = state.open()
    unclear = next((said for said in verdict if "=" not in said), None)
    if unclear:
        raise typer.BadParameter(f"{unclear!r} is not CRITERION=VERDICT.")
    verdicts = dict(said.split("=", 1) for said in verdict)
    total = add_labels(workspace, labels_for(workspace, thing, verdicts, rater, note, _now()))
    out.print(f"Kept {len(verdicts)}; there are {total:,} labels now.")


@labels_app.command("import")
def labels_import(
    file: Annotated[Path, typer.Argument(help="CSV, JSONL or Parquet with the columns of the table labels.")],
) -> None:
    """Add labels from a file, all of them or none."""
    from intentrec.serving.labelling import add_labels, read_labels

    workspace, _ = state.open()
    labels = read_labels(file)
    total = add_labels(workspace, labels)
    out.print(f"Took {len(labels):,}; there are {total:,} labels now.")


@labels_app.command("export")
def labels_export(
    file: Annotated[Path, typer.Argument(help="CSV, JSONL or Parquet, by its ending.")],
    chat: Annotated[
        bool, typer.Option("--chat", help="Training data for a judge: balanced chats, one JSON object a line.")
    ] = False,
    small: Annotated[
        bool, typer.Option("--small", help="With --chat: for a judge that is asked for yes or no.")
    ] = False,
) -> None:
    """Write all labels to a file, or training data made from them."""
    from intentrec.pipeline.judge_people import chat_data
    from intentrec.serving.labelling import write_labels

    workspace, config = state.open()
    labels = _labels(workspace)
    if not chat:
        write_labels(labels, file)
        out.print(f"Wrote {labels.height:,} labels.")
        return
    data = chat_data(workspace, config, labels, small=small)
    file.write_text("".join(f"{line}\n" for line in data.lines), "utf-8")
    show_judge.chats(out, data)


@labels_app.command("judge")
def labels_judge(as_json: AsJson = False) -> None:
    """Hold the judge against people: accuracy, precision, recall, F1 and kappa with intervals.

    Compares the verdicts of the last `intentrec judge` with the labels. Where they agree too little on the latest
    labels (judge.least_kappa, judge.least_accuracy), the judge is marked stale, and whatever gates on it says so.
    """
    from intentrec.pipeline.judge_people import hold_against_people

    workspace, config = state.open()
    found = hold_against_people(workspace, config, _labels(workspace), now=_now)
    printed(as_json, found.as_dict(), lambda: show_judge.against_people(out, found))


def _labels(workspace: Workspace) -> pl.DataFrame:
    """All labels, those that a server took in and has not stored yet among them."""
    from intentrec.serving.explorer.labels.given import given, waiting_in

    return given(workspace, waiting_in(workspace))


def _now() -> datetime:
    return datetime.now(UTC)
