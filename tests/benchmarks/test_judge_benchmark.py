"""The judge's benchmark: variants say the same, tables add up."""

import pytest

from benchmarks.judge.by_writer import by_writer
from benchmarks.judge.intervals import WORLDS, intervals
from benchmarks.judge.planted import Material, by_model, by_rules, changed_by_model, changed_by_rules, changes, table
from benchmarks.judge.samples import Sample, label_row
from benchmarks.judge.variants import VARIANTS, paraphrased, reordered
from fake_model import FakeModel
from intentrec.judge.asking import Quoted
from intentrec.judge.criteria import criteria_of
from intentrec.judge.guard import Caught
from intentrec.judge.planted import plants
from intentrec.tables import LABELS
from judge_world import explanation, interest, judge_of, tag


def test_variants_hold_the_same_things_in_other_order_or_words() -> None:
    case = interest(reason="bought 3 times since May and June", others=("a", "b"))
    assert reordered(case).evidence == case.evidence[::-1]
    assert reordered(reordered(case)) == case
    other = paraphrased(case)
    assert (other.text, other.reason) == ("Tea cups", "purchased 3 times from May & June")
    assert [touch.text for touch in other.evidence] == ["China Tea Cup", "Blue Tea Cups", "Tea Cup Holder"]
    assert reordered(tag()).history == tag().history[::-1]
    assert paraphrased(tag()).reason == "Of much the same kind as tea cups."
    assert paraphrased(explanation()).text == f"{explanation().text}."
    assert reordered(explanation()).facts == explanation().facts[::-1]


@pytest.fixture
def material() -> Material:
    model = FakeModel(
        lambda request: Quoted(quote="tea", verdict=request.answer_schema["properties"]["verdict"]["enum"][0]),
        small=False,
    )
    judge = judge_of(model, least_support=-1.0)
    good = {"interest": [interest()], "tag": [tag()], "explanation": [explanation()]}
    return Material(judge, good, {task: list(plants(cases, judge.standards)) for task, cases in good.items()})  # type: ignore[arg-type]


def test_rules_do_not_change_their_mind(material: Material) -> None:
    changed = changed_by_rules(material)
    assert len(changed) == 3 * len(VARIANTS)
    assert all(one.changed == 0 and one.verdicts for one in changed)
    assert sum(one.shown for one in by_rules(material)) == sum(map(len, material.planted.values()))


def test_a_model_that_takes_the_first_choice_changes_its_mind_where_the_key_changes(material: Material) -> None:
    changed = {(one.task, one.variant): one for one in changed_by_model(material, 1)}
    assert changed["interest", "reordered"].changed == 0
    assert sum(one.changed for one in changed.values()) > 0
    assert sum(one.shown for one in by_model(material, 4)) == 12


def test_tables_add_up() -> None:
    shown = table([Caught("tag", "brand", 10, 9, 0), Caught("tag", "broad", 10, 1, 10)])
    assert "| tag | all | 20 | 10 | 0.500 [0.299, 0.701] | 0.500 [0.299, 0.701] |" in shown
    assert changes([]).count("\n") == 1


def test_a_row_for_each_setting() -> None:
    assert intervals(20).count("\n") == len(WORLDS) + 1


def test_an_output_counts_for_all_who_wrote_it_and_a_split_one_for_nobody() -> None:
    written = [explanation(text="A mug for tea."), explanation(text="Tea, tea."), explanation(text="A mug.")]
    samples = [Sample("shop", ("rules",), "", case) for case in written]
    samples[0] = samples[0].also_by(["model", "rules"])
    rows = []
    for case, (one, other) in zip(written, (("yes", "yes"), ("no", "no"), ("yes", "no")), strict=True):
        verdicts = {c.name: c.levels[-1] for c in criteria_of("explanation", "en")}
        for rater, clear in (("a", one), ("b", other)):
            rows += [
                {"task": "explanation", "case_id": case.key, "rater": rater, "criterion": name, "verdict": verdict}
                for name, verdict in (verdicts | {"clarity": clear}).items()
            ]
    by_key = {sample.case.key: sample for sample in samples}
    labels = LABELS.rows(label_row(by_key[row["case_id"]], row) for row in rows)
    found = [line.split(" | ")[:5] for line in list(by_writer(samples, labels))[2:]]
    assert found == [
        ["| explanation", "shop", "rules", "2", "0.50 [0.09, 0.91]"],
        ["| explanation", "shop", "model", "1", "1.00 [0.21, 1.00]"],
    ]
