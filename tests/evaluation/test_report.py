import json
from dataclasses import replace

import polars as pl
import pytest

from intentrec.evaluation import Evaluation
from intentrec.evaluation.frames import COMPARISON_SCHEMA, SUMMARY_SCHEMA
from intentrec.evaluation.tuning import TUNING_SCHEMA
from intentrec.tables import USER_METRICS


def summary(system, view, metric, value, low=None, high=None, stratum="everyone"):
    place = {"system": system, "view": view, "stratum": stratum, "metric": metric}
    return {**place, "value": value, "low": low, "high": high, "users": 9}


@pytest.fixture
def found():
    rows = [
        summary("mine", "all", "recall@10", 0.5, 0.4, 0.6),
        summary("mine", "all", "recall@100", 0.7, 0.6, 0.8),
        summary("mine", "all", "coverage@10", 0.25),
        summary("mine", "all", "recall@10", 0.05, 0.0, 0.1, stratum="items: tail"),
        summary("ease", "all", "recall@10", 0.3, 0.2, 0.4),
        summary("ease", "all", "recall@100", 0.6, 0.5, 0.7),
        summary("ials", "all", "recall@10", 0.9, 0.8, 1.0),
        summary("mine", "new", "recall@10", 0.1, 0.0, 0.2),
    ]
    common = {
        "view": "all",
        "stratum": "everyone",
        "metric": "recall@10",
        "system": "mine",
        "low": 0.1,
        "high": 0.3,
        "p": 0.001,
    }
    compared = [
        common | {"against": "ease", "difference": 0.2, "p_holm": 0.002},
        common | {"against": "ials", "difference": -0.4, "p_holm": 0.002},
        common | {"stratum": "items: tail", "against": "ease", "difference": -0.1, "p_holm": 0.002},
        common | {"metric": "recall@100", "against": "ease", "difference": 0.1, "p_holm": 0.2},
    ]
    return Evaluation(
        protocol="time",
        leaky=False,
        cut=None,
        summary=pl.DataFrame(rows, schema=SUMMARY_SCHEMA),
        per_user=USER_METRICS.empty(),
        comparisons=pl.DataFrame(compared, schema=COMPARISON_SCHEMA),
        tuning=pl.DataFrame(schema=TUNING_SCHEMA),
        notes=["A note."],
    )


def test_json_has_each_systems_numbers_at_its_top_and_other_views_below(found):
    mine = found.to_json()["systems"][0]
    assert (mine["system"], mine["recall@10"], mine["coverage@10"], mine["users"]) == ("mine", 0.5, 0.25, 9)
    assert mine["intervals"] == {"recall@10": [0.4, 0.6], "recall@100": [0.6, 0.8]}
    new = {"recall@10": 0.1, "users": 9, "intervals": {"recall@10": [0.0, 0.2]}, "strata": {}}
    assert mine["views"] == {"new": new}
    assert mine["strata"] == {"items: tail": {"recall@10": 0.05, "users": 9, "intervals": {"recall@10": [0.0, 0.1]}}}


def test_a_value_is_of_everyone_unless_a_stratum_is_named(found):
    assert found.value("mine", "recall@10") == 0.5
    assert found.value("mine", "recall@10", stratum="items: tail") == 0.05
    assert found.strata == ["everyone", "items: tail"]


def test_json_is_plain_data(found):
    assert json.loads(json.dumps(found.to_json())) == found.to_json()


def test_a_system_that_a_view_did_not_measure_is_absent_from_it(found):
    assert found.to_json()["systems"][1]["views"] == {}


def test_rows_show_marks_intervals_and_gaps(found):
    assert found.columns() == ["system", "recall@10", "recall@100", "coverage@10"]
    assert found.rows(digits=2) == [
        ["mine", "0.50", "0.70 [0.60, 0.80]", "0.25"],
        ["ease", "0.30*", "0.60 [0.50, 0.70]", ""],
        ["ials", "0.90+", "", ""],
    ]


def test_markdown_has_a_table_for_each_view_and_the_notes(found):
    text = found.to_markdown(digits=2)
    head = "| system | recall@10 | recall@100 | coverage@10 |\n| --- | ---: | ---: | ---: |\n"
    assert f"**Systems, view “all”**\n\n{head}" in text
    assert "| ease | 0.30 ▽ [0.20, 0.40] | 0.60 [0.50, 0.70] |  |" in text
    assert "**Systems, view “new”**" in text
    assert "\n- A note.\n" in text


def test_a_number_that_was_not_measured_is_a_key_error(found):
    with pytest.raises(KeyError, match="recall@100 of ials"):
        found.value("ials", "recall@100")


def test_a_comparison_of_nobody_has_only_its_name_column(found):
    empty = replace(found, summary=found.summary.head(0))
    assert (empty.columns(), empty.rows(), empty.to_json()["systems"]) == (["system"], [], [])
