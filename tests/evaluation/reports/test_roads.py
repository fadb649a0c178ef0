from dataclasses import replace

import polars as pl
import pytest

from intentrec.evaluation.frames import ROADS_SCHEMA
from intentrec.evaluation.reports import plots, report_of
from intentrec.evaluation.reports.parts import Figure, Table

MINE, EASE = "mine", "ease"
ROWS = [
    ("Signal", "through", "", EASE, None, "pairs of items"),
    ("Signal", "through", "", MINE, None, "every event"),
    ("Offline cost", "tokens of a user", "tokens", EASE, 0.0, ""),
    ("Offline cost", "tokens of a user", "tokens", MINE, 44_000.0, "at most"),
    ("Offline cost", "seconds of a user", "s", EASE, 0.012345, ""),
    ("Offline cost", "seconds of a user", "s", MINE, None, "no model wrote"),
    ("Freshness", "a new item", "s", MINE, None, None),
]


@pytest.fixture
def section(found):
    def of(rows):
        roads = pl.DataFrame(rows, schema=ROADS_SCHEMA, orient="row")
        parts = {part.title: part for part in report_of(replace(found, roads=roads)).parts}
        return parts.get("The roads")

    return of


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_a_question_is_a_table_with_a_column_for_each_system(section):
    part = section(ROWS)
    assert [type(each) for each in part.content] == [Table, Figure, Table]
    signal, cost, fresh = part.content
    assert signal.caption == "Signal"
    assert signal.columns == ["measure", "unit", MINE, EASE]  # as in all other tables
    assert texts(signal) == [["through", "", "every event", "pairs of items"]]
    assert texts(cost.table) == [
        ["tokens of a user", "tokens", "44,000 (at most)", "0"], ["seconds of a user", "s", "no model wrote", "0.0123"],
    ]  # fmt: skip
    assert (fresh.columns, texts(fresh)) == (["measure", "unit", MINE], [["a new item", "s", ""]])


def test_a_number_keeps_its_exact_value_beside_its_words(section):
    cost = section(ROWS).content[1].table
    assert [[cell.value for cell in row[2:]] for row in cost.rows] == [[44_000.0, 0.0], [None, 0.012345]]


def test_offline_costs_above_nothing_are_drawn_on_a_logarithmic_axis(section):
    spec = section(ROWS).content[1].spec()
    assert spec["data"]["values"] == [
        {"row": "tokens of a user", "system": MINE, "value": 44_000.0},
        {"row": "seconds of a user", "system": EASE, "value": 0.012345},
    ]
    assert spec["encoding"]["x"]["scale"] == {"type": "log"}
    assert spec["encoding"]["y"]["sort"] == ["tokens of a user", "seconds of a user"]
    assert spec["encoding"]["color"]["scale"]["domain"] == [MINE, EASE]


def test_costs_of_nothing_are_a_table_alone(section):
    free = [(*row[:4], 0.0, row[5]) for row in ROWS if row[0] == "Offline cost"]
    assert [type(each) for each in section(free).content] == [Table]


def test_without_rows_there_is_no_section(section):
    assert section([]) is None


def test_both_forms_have_the_section(found):
    told = replace(found, roads=pl.DataFrame(ROWS, schema=ROADS_SCHEMA, orient="row"))
    assert "\n## The roads\n" in told.to_markdown()
    assert "| tokens of a user | tokens | 44,000 (at most) | 0 |" in told.to_markdown()
    page = told.to_html()
    assert "The roads" in page
    assert "44,000 (at most)" in page


def test_a_plot_of_magnitudes_is_as_wide_as_its_place_and_names_no_address():
    rows = [{"row": "r", "system": "a", "value": 2.0}]
    spec = plots.magnitudes(rows, "tokens", ["a", "b"], ["r"])
    assert spec["width"] == "container"
    assert "http" not in str(spec)
    assert spec["encoding"]["x"]["title"] == "tokens"
    assert len(spec["encoding"]["shape"]["scale"]["range"]) == 2
