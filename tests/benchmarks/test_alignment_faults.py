"""Faults are counted by output: several in one, and none where nothing was answered."""

from types import SimpleNamespace

from benchmarks.alignment.faults import faults_of, row

FOUND = {
    "good": {},
    "long": {"specificity": SimpleNamespace(word="too-long")},
    "worse": {"specificity": SimpleNamespace(word="too-long"), "relevance": SimpleNamespace(word="off-interest")},
}


def test_faults_by_output_the_most_frequent_first():
    examiner = SimpleNamespace(
        cases=lambda answered: [text.split() for _, text in answered],
        judge=SimpleNamespace(faults=lambda cases: [FOUND[case] for case in cases]),
    )
    outputs, faults = faults_of(["q1", "q2", "q3"], ["good long", "worse", None], examiner)

    assert outputs == 4
    assert faults == {"too-long": 2, "off-interest": 1, "no answer": 1}
    assert row("tags", "rules", outputs, faults) == "| tags | rules | 4 | too-long 2, no answer 1, off-interest 1 |"
