from dataclasses import replace

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from intentrec.evaluation.reports import report_of
from intentrec.evaluation.reports.trade import front


def test_the_front_of_a_hand_made_case():
    points = [(0.5, 0.1), (0.4, 0.4), (0.3, 0.3), (0.1, 0.9), (0.1, 0.8), (0.5, 0.1)]
    assert front(points) == [True, True, False, True, False, True]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_whatever_is_off_the_front_is_beaten_by_something_on_it(points):
    on = front(points)
    kept = [point for point, flag in zip(points, on, strict=True) if flag]
    assert kept
    assert max(points) in kept
    for point, flag in zip(points, on, strict=True):
        beaten = [k for k in kept if k != point and k[0] >= point[0] and k[1] >= point[1]]
        assert bool(beaten) != flag


def figures(found):
    part = next(part for part in report_of(found).parts if part.title == "Recall against diversity")
    return {figure.title: figure for figure in part.content}


def test_settings_stand_with_the_systems_of_their_view(found):
    shown = figures(found)
    assert set(shown) == {f"Recall@10 against category diversity, view “{view}”" for view in ("all", "new")}
    new = shown["Recall@10 against category diversity, view “new”"].table.rows
    assert [(row[1].text, row[2].value) for row in new[3:]] == [
        ("beta", 0.0), ("beta", 0.5), ("beta", 1.0), ("diversity", 0.0), ("diversity", 0.5), ("diversity", 1.0),
    ]  # fmt: skip


def test_without_categories_diversity_is_that_of_vectors(found):
    bare = found.summary.filter(~pl.col("metric").str.starts_with("category_diversity"))
    assert "Recall@10 against diversity of vectors, view “all”" in figures(replace(found, summary=bare))
