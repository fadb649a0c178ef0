"""Users of several shops are one group, though two shops know the same id."""

from benchmarks.alignment.judged import Line
from benchmarks.alignment.pooled import pooled


def test_shops_are_put_together_by_stage_figure_and_writer():
    lines = [
        Line("a", "tags", "rules", "pass rate", 3, 2, {"ann": 1.0, "bob": 0.0}, 6, {"recent": 1}),
        Line("b", "tags", "rules", "pass rate", 1, 1, {"ann": 0.5}, 3, {"recent": 2, "vague": 1}),
        Line("b", "tags", "model", "pass rate", 1, 1, {"ann": 0.25}, 3, {}),
    ]
    rules, model = pooled(lines)
    assert rules.by_unit == {"a/ann": 1.0, "a/bob": 0.0, "b/ann": 0.5}
    assert (rules.shop, rules.questions, rules.answered, rules.outputs) == ("a, b", 4, 3, 9)
    assert rules.faults == {"recent": 3, "vague": 1}
    assert model.by_unit == {"b/ann": 0.25}
    assert model.against(rules)[0] == 0.5
