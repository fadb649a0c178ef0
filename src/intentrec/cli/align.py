"""Commands of `intentrec align`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from intentrec.cli import show_align
from intentrec.cli.bars import RichProgress
from intentrec.cli.common import AsJson, err, out, printed, state
from intentrec.cli.show import plain
from intentrec.config import Config, parse_config

align_app = typer.Typer(no_args_is_help=True)

Task = Annotated[str | None, typer.Option(help="interests, tags or explanations.")]
Teacher = Annotated[
    str | None,
    typer.Option(help="Who shows how it is done: a server (http://host:port/v1), or weights as in llm.weights."),
]
TeacherModel = Annotated[str | None, typer.Option(help="The teacher's name on its server.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        help="Learn only from what was known before this UTC time.",
        metavar="DATE",
        show_default="the evaluation window before the last event",
    ),
]
Questions = Annotated[int | None, typer.Option(min=1, help="Most questions that are trained on.")]
Judged = Annotated[
    bool, typer.Option("--judge/--no-judge", help="Learn only what the judge passes, or, to compare, everything.")
]


@align_app.callback(invoke_without_command=True)
def align(
    context: typer.Context,
    task: Task = None,
    method: Annotated[str | None, typer.Option(help="sft, dpo or grpo.")] = None,
    teacher: Teacher = None,
    teacher_model: TeacherModel = None,
    as_of: AsOf = None,
    questions: Questions = None,
    rounds: Annotated[int | None, typer.Option(min=0, help="Rounds of self-training.")] = None,
    judged: Judged = True,
    publish: Annotated[
        bool, typer.Option("--publish/--no-publish", help="Whether an adapter that is not worse is used from now on.")
    ] = True,
    merged: Annotated[
        bool, typer.Option("--merged", help="Write the whole model with the adapter in it, too.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Train even what will not fit or takes too long by the estimate.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate calls, memory and time; ask and train nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune the language model of [llm] for one writing stage on what the judge let through.

    Questions of users as of a date, answers of rules, a teacher, the users' own behaviour and the model itself, judged;
    a training; then judged pass rate and, of tags, HR@30 on users who were held out. An adapter that is not worse than
    what is in use is published, any other stays on disk with the reason. Started again, it goes on where it stood.
    """
    if context.invoked_subcommand is not None:
        return
    if task is None:
        raise typer.BadParameter("Name a task: --task interests, tags or explanations.")
    from intentrec.pipeline.align_estimate import estimate_align
    from intentrec.pipeline.aligning import align_workspace

    workspace, config = state.open()
    config = _with(
        config, method=method, teacher=teacher, teacher_model=teacher_model, questions=questions, rounds=rounds
    )
    options = _options(task, as_of, judged=judged, publish=publish, merged=merged, yes=yes)
    with RichProgress(err) as progress:
        if dry_run:
            estimate = estimate_align(workspace, config, options, progress)
        else:
            report = align_workspace(workspace, config, options, now=_now, progress=progress)
    if dry_run:
        printed(as_json, estimate.as_dict(), lambda: show_align.estimate(out, estimate))
    else:
        printed(as_json, report.model_dump(mode="json"), lambda: show_align.report(out, report))


@align_app.command("data")
def align_data(
    task: Annotated[str, typer.Option(help="interests, tags or explanations.")],
    chats: Annotated[
        Path | None, typer.Option(help="Write the samples as chats, one JSON object a line.", metavar="FILE")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="Write those that are pairs of a better and a worse answer.", metavar="FILE")
    ] = None,
    teacher: Teacher = None,
    teacher_model: TeacherModel = None,
    as_of: AsOf = None,
    questions: Questions = None,
    judged: Judged = True,
    as_json: AsJson = False,
) -> None:
    """Make the first training data of a stage, and write it for other trainers; trains nothing.

    Everything is kept in the table `samples`. Pairs come from rounds of self-training: files hold what all runs of
    `intentrec align` have left of the task, too.
    """
    from intentrec.pipeline.aligning import export_samples, make_samples

    workspace, config = state.open()
    config = _with(config, teacher=teacher, teacher_model=teacher_model, questions=questions)
    options = _options(task, as_of, judged=judged)
    with RichProgress(err) as progress:
        samples = make_samples(workspace, config, options, progress=progress)
    made = export_samples(workspace, options.task, samples, chats, pairs)
    printed(as_json, made.as_dict(), lambda: show_align.samples(out, made))


@align_app.command("base")
def align_base(
    folder: Annotated[Path, typer.Argument(help="A new folder.", metavar="FOLDER")], as_json: AsJson = False
) -> None:
    """Write the weights that adapters learn on as a transformers folder, for a server that reads no GGUF file.

    vLLM, for one, then offers adapters beside it. A GGUF file's numbers are written as they are, in full precision.
    """
    from intentrec.alignment.gguf import write_base
    from intentrec.llm.torch_weights import folder_sha256
    from intentrec.pipeline.align_writers import base_llm

    _, config = state.open()
    if folder.exists():
        raise typer.BadParameter(f"{folder} is there already: name a new folder.")
    base = base_llm(config).weights
    written = {"base": base, "folder": str(write_base(base, folder)), "sha256": folder_sha256(folder)}
    printed(as_json, written, lambda: show_align.base(out, written))


@align_app.command("status")
def align_status(as_json: AsJson = False) -> None:
    """List the adapters: which is in use, how good each is, and why one was refused."""
    from intentrec.pipeline.align_status import adapters_of

    workspace, config = state.open()
    found = adapters_of(workspace, config)
    printed(as_json, [one.as_dict() for one in found], lambda: show_align.status(out, found))


@align_app.command("rollback")
def align_rollback(task: Annotated[str, typer.Option(help="interests, tags or explanations.")]) -> None:
    """Go back to the adapter that a stage used before, to the shipped one, or to none."""
    from intentrec.pipeline.align_shelf import stage_named
    from intentrec.pipeline.aligning import roll_back

    workspace, config = state.open()
    stage = stage_named(task)
    used = roll_back(workspace, config, stage)
    out.print(plain(f"{stage} now uses {used or 'no adapter'}."), soft_wrap=True)


def _with(config: Config, **changes: Any) -> Config:
    """The settings with what was typed in [alignment]; None leaves a setting as it is."""
    given = {name: value for name, value in changes.items() if value is not None}
    values = config.model_dump()
    return parse_config(values | {"alignment": values["alignment"] | given}, "the options") if given else config


def _options(task: str, as_of: str | None, **flags: bool) -> Any:
    from intentrec.pipeline.align_shelf import stage_named
    from intentrec.pipeline.aligning import AlignOptions
    from intentrec.pipeline.inputs import parse_time

    return AlignOptions(stage_named(task), parse_time(as_of) if as_of else None, **flags)


def _now() -> datetime:
    return datetime.now(UTC)
