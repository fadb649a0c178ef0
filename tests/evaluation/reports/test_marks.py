import polars as pl
import pytest

from intentrec.evaluation.frames import COMPARISON_SCHEMA
from intentrec.evaluation.reports.marks import Mark, marks, verdict


def pairs_of(*rows):
    """system, against, difference, p of bootstrap, p of Wilcoxon, both after Holm."""
    columns = {"view": "all", "stratum": "everyone", "metric": "recall@10"}
    names = ("system", "against", "difference", "p_holm", "p_wilcoxon_holm")
    return pl.DataFrame([columns | dict(zip(names, row, strict=True)) for row in rows], schema=COMPARISON_SCHEMA)


def key(system):
    return ("all", "everyone", "recall@10", system)


def test_a_system_below_the_reference_is_marked_down_whichever_side_of_the_pair_it_stands_on():
    below = Mark(above=False, both=True)
    assert marks(pairs_of(("mine", "ease", 0.1, 0.01, 0.01)), "mine") == {key("ease"): below}
    assert marks(pairs_of(("ease", "mine", -0.1, 0.01, 0.01)), "mine") == {key("ease"): below}
    assert marks(pairs_of(("mine", "ease", 0.1, 0.01, 0.01)), "ease") == {key("mine"): Mark(above=True, both=True)}


@pytest.mark.parametrize(
    ("p", "p_ranks", "sign"),
    [(0.01, 0.01, "▲"), (0.01, 0.05, "△"), (0.2, 0.01, "△"), (0.05, 0.05, None), (0.01, None, "△"), (None, None, None)],
)
def test_a_full_mark_needs_both_tests(p, p_ranks, sign):
    found = marks(pairs_of(("mine", "ease", -0.1, p, p_ranks)), "mine").get(key("ease"))
    assert (found.sign if found else None) == sign


def test_pairs_without_the_reference_and_ties_are_not_marked():
    assert marks(pairs_of(("ials", "ease", 0.1, 0.0, 0.0), ("mine", "ease", 0.0, 0.0, 0.0)), "mine") == {}


def test_the_verdict_names_everyone_once_under_the_right_head():
    found = marks(
        pairs_of(
            ("mine", "ease", 0.1, 0.0, 0.0),
            ("mine", "ials", 0.1, 0.0, 0.0),
            ("mine", "knn", -0.1, 0.0, 0.0),
            ("mine", "bm25", -0.1, 0.0, 0.9),
        ),
        "mine",
    )
    said = verdict(found, ("all", "everyone", "recall@10"), "mine", ["ease", "ials", "knn", "bm25", "a, b"])
    assert said == (
        "recall@10: “mine” is significantly ahead of “ease” and “ials”; significantly behind “knn”; behind by one of "
        "the two tests “bm25”; not told apart from “a, b”."
    )


def test_words_say_what_the_sign_shows():
    assert Mark(above=False, both=False).words("mine") == "significantly below “mine” by one test"
