"""What every command shares: the workspace, where output goes, and its two forms."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from intentrec.config import Config, load_config
from intentrec.workspace import Workspace

out = Console()
err = Console(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
User = Annotated[str, typer.Argument(help="A user_id.", metavar="USER")]
ListLength = Annotated[int, typer.Option("-k", min=1, max=1000, help="How many items.")]
IncludeViewed = Annotated[bool, typer.Option(help="Also items the user has had.")]
HtmlFile = Annotated[
    Path | None, typer.Option(help="Write a report with plots: one page that needs no network.", metavar="FILE")
]
MarkdownFile = Annotated[Path | None, typer.Option(help="Write the report as Markdown.", metavar="FILE")]


@dataclass
class State:
    """What every command shares."""

    folder: Path = Path()

    def open(self) -> tuple[Workspace, Config]:
        """The workspace and its settings."""
        workspace = Workspace(self.folder)
        return workspace, load_config(workspace.config_file)


state = State()


def printed(as_json: bool, data: object, text: Callable[[], None]) -> None:
    """Show an outcome, to programs or to people."""
    if as_json:
        sys.stdout.write(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode() + "\n")
    else:
        text()
