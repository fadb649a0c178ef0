"""Commands of `intentrec`. Each one reads its arguments, calls the pipeline and shows the outcome."""

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from intentrec import __version__
from intentrec.cli import show
from intentrec.cli.align import align_app
from intentrec.cli.bars import RichProgress
from intentrec.cli.bundle import bundle
from intentrec.cli.common import (
    AsJson,
    HtmlFile,
    IncludeViewed,
    ListLength,
    MarkdownFile,
    User,
    err,
    out,
    printed,
    state,
)
from intentrec.cli.encoder import encoder_app
from intentrec.cli.experiments import experiments_app
from intentrec.cli.judge import judge
from intentrec.cli.labels import labels_app
from intentrec.cli.serve import keys_app, serve
from intentrec.config import template
from intentrec.errors import IntentrecError
from intentrec.workspace import PATIENCE, Workspace, erase_user

app = typer.Typer(
    name="intentrec",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="""Intent-first recommender: language models write down offline what each user wants, light towers answer.

A first hour: `intentrec demo` shows everything on a real shop. With your own data: `intentrec init shop`, then
`intentrec -w shop ingest --items items.parquet --events events.parquet`, `intentrec -w shop data check`,
`intentrec -w shop run`, `intentrec -w shop recommend USER`, `intentrec -w shop why USER ITEM`.

Exit codes: 0 done, 1 unexpected, 2 wrong usage, 3 settings, 4 data, 5 workspace, 6 language model, 7 budget spent,
8 not found, 9 not trained, 10 a package is missing, 130 interrupted.""",
)
data_app = typer.Typer(no_args_is_help=True, help="Look at what was ingested.")
app.add_typer(data_app, name="data")
app.add_typer(align_app, name="align")
app.add_typer(encoder_app, name="encoder")
app.add_typer(experiments_app, name="experiments")
app.add_typer(keys_app, name="keys")
app.add_typer(labels_app, name="labels")
app.command()(bundle)
app.command()(judge)
app.command()(serve)

_INTERRUPTED = 130
_WIDTH = 132


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"intentrec {__version__}")
        raise typer.Exit


@app.callback()
def common(
    workspace: Annotated[
        Path, typer.Option("-w", "--workspace", help="The workspace folder.", show_default="current folder")
    ] = Path(),
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Intent-first recommender."""
    state.folder = workspace


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="New folder for one shop.", metavar="DIR")]) -> None:
    """Make a workspace: a folder with a commented `intentrec.toml`."""
    workspace = Workspace.create(folder, template())
    out.print(f"Made {workspace.config_file}. Next: intentrec -w {folder} ingest --items FILE --events FILE")


Files = list[Path] | None


def _files(help_text: str) -> Any:
    return typer.Option(help=f"{help_text} (Parquet, CSV or JSONL; may be given several times).", metavar="FILE")


@app.command()
def ingest(
    items: Annotated[Files, _files("Items")] = None,
    events: Annotated[Files, _files("Events")] = None,
    users: Annotated[Files, _files("Users")] = None,
    impressions: Annotated[Files, _files("Impressions")] = None,
    as_json: AsJson = False,
) -> None:
    """Check files and add their rows to the workspace. Bad rows go to the quarantine table with the reason.

    Items and users replace earlier rows of the same id; events and impressions are added, and rows that are stored
    already are passed over, so that the same file can be given twice. Columns with other names come in
    through `[data.rename.events]` and the like in `intentrec.toml`.
    """
    from intentrec.pipeline.ingest import ingest_files

    workspace, config = state.open()
    files = {"items": items, "users": users, "events": events, "impressions": impressions}
    given = {name: paths for name, paths in files.items() if paths}
    if not given:
        raise typer.BadParameter("Give at least one of --items, --events, --users, --impressions.")
    with RichProgress(err) as progress:
        report = ingest_files(workspace, config, given, now=_now(), progress=progress)
    printed(as_json, report.as_dict(), lambda: show.ingest(out, report))


@data_app.command("check")
def data_check(as_json: AsJson = False) -> None:
    """Report on the stored data: counts, duplicates, bot-like users, time ties, leak risks, quarantine."""
    from intentrec.pipeline.ingest import stored_report

    workspace, config = state.open()
    report = stored_report(workspace, config)
    printed(as_json, report.as_dict(), lambda: show.data_report(out, report))


@app.command()
def run(
    as_of: Annotated[
        str | None,
        typer.Option(help="Use only what was known before this UTC time.", metavar="DATE", show_default="last event"),
    ] = None,
    users: Annotated[
        Path | None, typer.Option(help="File with one user_id a line: the language model writes for these only.")
    ] = None,
    stages: Annotated[
        str | None, typer.Option(help="Stop after the last of these stages (comma-separated); publishes nothing.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Estimate model calls, tokens and money; spend nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run all stages and publish a release: profiles, interests, tags, towers, recommendations, explanations.

    Killed and started again, it goes on where it stood and pays for no model call twice.
    """
    from intentrec.pipeline.daily import RunOptions, run_day
    from intentrec.pipeline.estimate import estimate_run
    from intentrec.serving.live.command import drain_workspace

    workspace, config = state.open()
    options = RunOptions.parse(as_of=as_of, users=users, stages=stages)
    with RichProgress(err) as progress:
        if dry_run:
            estimate = estimate_run(workspace, config, options, progress)
        else:
            drain_workspace(workspace, config, _now)
            report = run_day(workspace, config, options, now=_now, progress=progress)
    if dry_run:
        printed(as_json, estimate.as_dict(), lambda: show.estimate(out, estimate))
    else:
        printed(as_json, report.as_dict(), lambda: show.run_report(out, report, state.folder))


@app.command()
def recommend(
    user: User,
    k: ListLength = 10,
    include_viewed: IncludeViewed = False,
    as_json: AsJson = False,
) -> None:
    """Items for one user, best first, each with its reason."""
    from intentrec.pipeline.recommender import Recommender

    workspace, _ = state.open()
    frame = Recommender(workspace).for_user(user, k, filter_viewed=not include_viewed)
    printed(as_json, frame.to_dicts(), lambda: show.recommendations(out, frame))


@app.command()
def why(
    user: User,
    item: Annotated[str, typer.Argument(help="An item_id.", metavar="ITEM")],
    as_json: AsJson = False,
) -> None:
    """The whole chain behind one recommendation: score parts, tag, interest, reason, profile lines, raw events."""
    from intentrec.pipeline.why import explain_pair

    workspace, _ = state.open()
    chain = explain_pair(workspace, user, item)
    printed(as_json, chain.as_dict(), lambda: show.chain(out, chain))


@app.command()
def evaluate(
    protocol: Annotated[str | None, typer.Option(help="time, leave-one-out (leaky) or column.")] = None,
    column: Annotated[
        str | None, typer.Option(help="With --protocol column: the events' column that says train, validation or test.")
    ] = None,
    targets: Annotated[
        str | None,
        typer.Option(
            help="window (all that follows the cut, from one list), last or successive (each moment in turn, with all "
            "before it as history)."
        ),
    ] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Also turn our knobs, beta and diversity: what variety costs, for a report.")
    ] = False,
    html: HtmlFile = None,
    markdown: MarkdownFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare with tuned baselines on what happened after a cut in time: full ranking, intervals, paired tests."""
    from intentrec.cli.reports import Reports
    from intentrec.pipeline.evaluation import evaluate_workspace

    workspace, config = state.open()
    reports = Reports(html, markdown)
    reports.check()
    with RichProgress(err) as progress:
        evaluation = evaluate_workspace(
            workspace, config, protocol=protocol, column=column, targets=targets, sweeps=sweep,
            command=shlex.join(["intentrec", *sys.argv[1:]]), progress=progress,
        )  # fmt: skip
    for path in reports.write(evaluation):
        err.print(f"Wrote {show.plain(str(path))}", soft_wrap=True)
    printed(as_json, evaluation.to_json(), lambda: show.evaluation(out, evaluation))


@app.command()
def compare(
    demo: Annotated[
        Path | None, typer.Option(help="Compare on the demo shop: a workspace made there if need be.", metavar="DIR")
    ] = None,
    html: HtmlFile = None,
    markdown: MarkdownFile = None,
    as_json: AsJson = False,
) -> None:
    """Intents and towers, one language model as a dual encoder, and both together: which earns its cost here?

    Trains what is missing as of a cut in time, then measures quality against tuned baselines, and what each road
    costs and gives beside it: tokens, seconds, freshness, chains of evidence. Publishes nothing. `[encoder]` says what
    is trained; a GPU is used where there is one.
    """
    from intentrec.cli.reports import Reports
    from intentrec.pipeline.comparison import compare_workspace
    from intentrec.pipeline.demo import open_demo

    reports = Reports(html, markdown)
    reports.check()
    with RichProgress(err) as progress:
        if demo is not None:
            shop = open_demo(demo, now=_now, progress=progress)
            workspace, config, users = shop.workspace, shop.config, shop.users
        else:
            (workspace, config), users = state.open(), None
        found = compare_workspace(
            workspace, config, llm_users=users, command=shlex.join(["intentrec", *sys.argv[1:]]), progress=progress
        )
    for path in reports.write(found):
        err.print(f"Wrote {show.plain(str(path))}", soft_wrap=True)
    printed(as_json, found.to_json(), lambda: show.comparison(out, found))


@app.command()
def releases(as_json: AsJson = False) -> None:
    """List the published releases; the current one is marked."""
    workspace, _ = state.open()
    listed = workspace.releases.list()
    current = workspace.releases.current()
    rows = [show.release_row(manifest, current) for manifest in listed]
    printed(as_json, rows, lambda: show.releases(out, rows))


@app.command()
def rollback(release: Annotated[str, typer.Argument(help="A release, e.g. r0001.", metavar="RELEASE")]) -> None:
    """Make an earlier release the one that readers see."""
    workspace, _ = state.open()
    with workspace.writing(PATIENCE):
        manifest = workspace.releases.rollback(release)
    out.print(f"Readers now see {manifest.release}, as of {manifest.as_of:%Y-%m-%d}.")


@app.command()
def erase(
    user: User,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a user from tables, releases, ledger and caches, and print a receipt. Older releases are dropped.

    A server that runs forgets the user at once, and clears its bundle and its store within seconds.
    """
    from intentrec.serving.live.command import erase_served

    workspace, config = state.open()
    if not yes:
        typer.confirm(f"Erase {user!r} from {workspace.root} for good?", abort=True)
    receipt = erase_user(workspace, user, _now(), _erase_calls, patience=PATIENCE)
    erase_served(workspace, config, user, _now, _export)
    printed(as_json, receipt.model_dump(mode="json"), lambda: show.receipt(out, receipt))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check the installation, the workspace and the language model; say what to do about each fault."""
    from intentrec.pipeline.doctor import examine

    findings = examine(state.folder)
    printed(as_json, [finding.as_dict() for finding in findings], lambda: show.findings(out, findings))
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where to put the demo workspace.")] = Path("intentrec-demo"),
    llm_url: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible server to use instead of the embedded model.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model's name on that server.")] = None,
    llm_users: Annotated[int, typer.Option(min=0, help="For how many users the language model writes.")] = 16,
) -> None:
    """Everything on a real shop's year of purchases (UCI Online Retail): from the log to items that can say why."""
    from intentrec.cli import show_demo
    from intentrec.pipeline.demo import run_demo

    with RichProgress(err) as progress:
        outcome = run_demo(folder, llm_url=llm_url, model=model, llm_users=llm_users, now=_now, progress=progress)
    show_demo.demo(out, outcome)


def _erase_calls(path: Path, user: str) -> int:
    from intentrec.llm import Ledger

    ledger = Ledger(path)
    try:
        return ledger.erase(user)
    finally:
        ledger.close()


def _export(workspace: Workspace) -> Path:
    from intentrec.serving.bundle import export_bundle

    return export_bundle(workspace)


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Run the command line; every expected error is one paragraph on stderr and an exit code of its own."""
    for console in (out, err):
        # Where it is no terminal nobody sees the width: wide enough for tables, unless the environment says otherwise.
        if not console.is_terminal and "COLUMNS" not in os.environ:
            console.width = _WIDTH
    try:
        app()
    except IntentrecError as error:
        err.print(f"[bold red]Error:[/] {show.plain(str(error))}", soft_wrap=True)
        sys.exit(error.exit_code)
    except SystemExit as left:
        if left.code == _INTERRUPTED:
            err.print("Interrupted. What was finished is kept; start the same command again to go on.")
        raise
