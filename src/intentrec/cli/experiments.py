"""Commands of `intentrec experiments`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from intentrec.cli import show_experiments
from intentrec.cli.common import AsJson, out, printed, state

experiments_app = typer.Typer(
    no_args_is_help=True, help="A/B experiments of `intentrec serve`: which there are, and what they found."
)
_Name = Annotated[str, typer.Argument(help="As in [serving.experiments.NAME].", metavar="NAME")]
_Html = Annotated[Path | None, typer.Option(help="Write the page: plots, no script, no network.", metavar="FILE")]


@experiments_app.command("list")
def experiments_list(as_json: AsJson = False) -> None:
    """List the experiments that the settings define, and whether they run."""
    from intentrec.serving.experiments.record import short

    _, config = state.open()
    found = [short(name, each, _now()) for name, each in config.serving.experiments.named.items()]
    printed(as_json, [each.model_dump(mode="json") for each in found], lambda: show_experiments.experiments(out, found))


@experiments_app.command("report")
def experiments_report(name: _Name, html: _Html = None, as_json: AsJson = False) -> None:
    """Say what an experiment has found, and whether to ship, keep running or stop.

    Intervals and p-values are valid however often you look. Exposures and events count once the server has moved them
    to the tables (`serving.drain_seconds`).
    """
    from intentrec.serving.experiments import analyse
    from intentrec.serving.experiments.page import to_html
    from intentrec.serving.experiments.record import record
    from intentrec.workspace.files import write_atomic

    workspace, config = state.open()
    found = analyse(workspace, config.serving, name, _now())
    if html is not None:
        write_atomic(html, to_html(found).encode())
    printed(as_json, record(found).model_dump(mode="json"), lambda: show_experiments.report(out, found))


def _now() -> datetime:
    return datetime.now(UTC)
