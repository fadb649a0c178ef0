"""Writes the pages that are made from the code: tables, settings, commands, metrics, the API, shipped adapters."""

import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import orjson
import typer.main

from intentrec.alignment.data.curriculum import TASKS, in_order
from intentrec.cli import app
from intentrec.config import Config, template
from intentrec.llm import AdapterCard, read_card
from intentrec.pipeline.align_measure import measured_of
from intentrec.pipeline.shipped import PACKAGE, folder_name
from intentrec.serving.api import create_app
from intentrec.serving.operations.instruments import table as metrics_table
from intentrec.tables import TABLES

ROOT = Path(__file__).parent.parent
DOCS, ADAPTERS = ROOT / "docs", ROOT / "adapters"


def tables_page() -> str:
    """Every table with its columns."""
    lines = [
        "# Tables",
        "",
        "Made from `src/intentrec/tables.py` by `make docs`. A `?` marks a column that may be absent.",
        "",
    ]
    for table in TABLES.values():
        key = f" Key: {', '.join(table.key)}." if table.key else ""
        more = " Further columns are kept." if table.open else ""
        lines += [
            f"## {table.name}",
            "",
            f"{table.meaning}{key}{more}",
            "",
            "| column | type | meaning |",
            "|---|---|---|",
        ]
        lines += [f"| {c.name}{'?' * c.optional} | {c.dtype} | {c.meaning} |" for c in table.columns]
        lines.append("")
    return "\n".join(lines)


def settings_page() -> str:
    """The commented settings file."""
    intro = "Made from the code by `make docs`. `intentrec init DIR` writes this file."
    return f"# Settings\n\n{intro}\n\n```toml\n{template()}```\n"


def commands_page() -> str:
    """The help of every command."""
    lines = ["# Commands", "", "Made from the code by `make docs`.", ""]
    for name, command in _walk(typer.main.get_command(app), "intentrec"):
        lines += [f"## {name}", "", (command.help or "").strip(), "", "| option | meaning |", "|---|---|"]
        lines += [
            f"| `{'`, `'.join(p.opts)}` | {getattr(p, 'help', None) or p.name} |" for p in command.params if p.name
        ]
        lines.append("")
    return "\n".join(lines)


def _walk(command: Any, name: str) -> list[tuple[str, Any]]:
    """A command with those below it; typer brings its own copy of click, so only the shape can be relied on."""
    below = getattr(command, "commands", {})
    return [(name, command)] + [pair for part in below for pair in _walk(below[part], f"{name} {part}")]


def operations_page() -> str:
    """The page as it is, with the list of metrics that the code has."""
    return _filled(DOCS / "operations.md", metrics_table())


def alignment_page() -> str:
    """The page as it is, with the curriculum that the code has."""
    rows = ["| task | level | in the paper | after | made of |", "|---|---|---|---|---|"]
    rows += [
        f"| `{task.name}` | {task.level} | {task.paper}, {task.count:,} | {', '.join(task.after)} | {task.how} |"
        for task in in_order(TASKS)
    ]
    return _filled(DOCS / "alignment.md", "\n".join(rows) + "\n")


def adapters_page() -> str:
    """The page as it is, with the adapters that lie in the package."""
    cards = [read_card(file.parent) for file in sorted((ADAPTERS / "src" / PACKAGE).glob("*/card.json"))]
    rows = ["| folder | name | trained by | samples | as of | on held-out questions |", "|---|---|---|---|---|---|"]
    rows += [f"| {' | '.join(_adapter(card))} |" for card in cards]
    return _filled(ADAPTERS / "README.md", "\n".join(rows if cards else ["This version brings no adapter yet."]) + "\n")


def _adapter(card: AdapterCard) -> tuple[str, ...]:
    samples = ", ".join(f"{source} {n:,}" for source, n in card.data.counts.items())
    figures = ", ".join(f"{name} {value:.3f}" for name, value in measured_of(card.figures).items())
    folder = folder_name(card.task, card.language)
    return f"`{folder}`", card.name, card.method, samples, f"{card.data.as_of:%Y-%m-%d}", figures


def _filled(page: Path, made: str) -> str:
    """A page with what is made put between its two marks."""
    head, _, rest = page.read_text("utf-8").partition("by `make docs` -->\n")
    return f"{head}by `make docs` -->\n{made}<!-- end -->{rest.partition('<!-- end -->')[2]}"


def specification() -> str:
    """The API's OpenAPI specification, with the bounds of the default settings."""
    app = create_app(MagicMock(config=Config()))
    return orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


PAGES = {
    "tables.md": tables_page,
    "settings.md": settings_page,
    "commands.md": commands_page,
    "operations.md": operations_page,
    "alignment.md": alignment_page,
    "openapi.json": specification,
    "../adapters/README.md": adapters_page,
}


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")
        sys.stdout.write(f"wrote {(DOCS / name).resolve().relative_to(ROOT.resolve())}\n")


if __name__ == "__main__":
    main()
