"""What systems cost and give beside quality: the questions that are argued about before one of them is chosen."""

from functools import partial

import polars as pl

from intentrec.evaluation.reports import plots
from intentrec.evaluation.reports.look import Look
from intentrec.evaluation.reports.parts import Cell, Figure, Part, Table, words

_DRAWN = "Offline cost"


def roads(look: Look) -> Part:
    """A table for each question, one column a system; offline costs as a plot, too."""
    frame = look.found.roads
    if frame.is_empty():
        return Part("The roads", [], [])
    content: list[Table | Figure | Part] = []
    for question in frame["question"].unique(maintain_order=True):
        mine = frame.filter(pl.col("question") == question)
        systems = [system for system in look.found.systems if system in set(mine["system"])]
        table = _table(question, mine, systems)
        drawn = mine.filter(pl.col("value").is_not_null(), pl.col("value") > 0) if question == _DRAWN else mine.head(0)
        content.append(_figure(table, drawn, systems) if drawn.height else table)
    reading = "Measured on this machine in this comparison, on a sample of users and items; words where nothing counts."
    return Part("The roads", [reading], content)


def _table(question: str, rows: pl.DataFrame, systems: list[str]) -> Table:
    lines = []
    for measure, unit in rows.select("measure", "unit").unique(maintain_order=True).iter_rows():
        found = {
            row["system"]: _cell(row["value"], row["said"])
            for row in rows.filter(pl.col("measure") == measure).iter_rows(named=True)
        }
        lines.append([words(measure), words(unit), *(found.get(system, words(None)) for system in systems)])
    return Table(question, ["measure", "unit", *systems], lines)


def _cell(value: float | None, said: str | None) -> Cell:
    if value is None:
        return words(said)
    text = f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
    return Cell(f"{text} ({said})" if said else text, value)


def _figure(table: Table, rows: pl.DataFrame, systems: list[str]) -> Figure:
    points = rows.select(row="measure", system="system", value="value").to_dicts()
    order = rows["measure"].unique(maintain_order=True).to_list()
    return Figure(
        table.caption,
        "Each point is what a system needs, on a logarithmic scale; nothing is drawn for 0.",
        partial(plots.magnitudes, points, "tokens or seconds", systems, order),
        table,
    )
