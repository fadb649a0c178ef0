"""The report as Markdown: the same tables, for places where a page cannot go."""

from collections.abc import Iterator, Sequence

from intentrec.evaluation.reports.parts import Cell, Figure, Part, Report, Table

_SPECIAL = str.maketrans({"|": "\\|", "<": "&lt;", "*": "\\*", "_": "\\_", "`": "\\`", "\n": " ", "\r": " "})


def to_markdown(report: Report) -> str:
    """Headings, tables and captions; a plot is its table. Marks and bold mean what they mean on the page."""
    blocks = [f"# {plain(report.title)}", source(report)]
    points = [f"{name}: {value}" for name, value in report.facts] + list(report.notes)
    if points:
        blocks.append("\n".join(f"- {plain(point)}" for point in points))
    blocks += [block for part in report.parts for block in _part(part, report, 2)]
    return "\n\n".join(blocks) + "\n"


def plain(text: str) -> str:
    """Text that no Markdown reader takes for markup."""
    return text.translate(_SPECIAL)


def source(report: Report) -> str:
    """Command, seeds, data, split and package in one line."""
    said = [(name, _code(value) if name == "Command" else plain(value)) for name, value in report.source]
    return " · ".join(f"{name}: {value}" for name, value in said)


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def _part(part: Part, report: Report, level: int) -> Iterator[str]:
    yield f"{'#' * level} {plain(part.title)}"
    yield from (plain(sentence) for sentence in part.words)
    for each in part.content:
        if isinstance(each, Part):
            yield from _part(each, report, level + 1)
        elif isinstance(each, Figure):
            yield f"**{plain(each.title)}**"
            yield table(each.table)
            yield plain(each.meaning)
            yield source(report)
        else:
            yield f"**{plain(each.caption)}**"
            yield table(each)
            yield source(report)


def table(shown: Table) -> str:
    """One table; numbers stand to the right."""
    numeric = shown.numeric
    rule = ["---:" if n in numeric else "---" for n in range(len(shown.columns))]
    head = [plain(column) for column in shown.columns]
    return "\n".join(_line(cells) for cells in [head, rule, *([_cell(cell) for cell in row] for row in shown.rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.best else plain(cell.text)
    return " ".join(part for part in (text, cell.mark.sign if cell.mark else "", cell.interval_text) if part)
