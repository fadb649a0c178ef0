"""Answers judged as the rows that a stage would store of them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from intentrec.config import Config
from intentrec.errors import DataError, LLMAnswerError
from intentrec.judge.judging import Judge
from intentrec.judge.state import Checked, JudgeState, store_state
from intentrec.llm import Ledger, LedgeredModel, LLMConfig
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline.align_judging import Examiner, must_be_trusted, open_examiner, value_of
from intentrec.pipeline.align_measure import PASS_RATE, Later, figures_of
from intentrec.pipeline.align_questions import Scene, must_be_asked, set_scene
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import make_shop, open_shop


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Config]:
    return open_shop(tmp_path_factory.mktemp("align") / "shop", make_shop(24))


@pytest.fixture(scope="module")
def scene(made: tuple[Workspace, Config]) -> Scene:
    return set_scene(*made, "tags", None, SILENT)


@pytest.fixture
def examiner(made: tuple[Workspace, Config], scene: Scene) -> Iterator[Examiner]:
    with open_examiner(*made, scene.asking, SILENT) as found:
        yield found


def test_an_answer_is_as_good_as_the_worst_of_what_it_says(scene: Scene, examiner: Examiner) -> None:
    one = scene.trained_on()[0]
    good = one.by_rules[0]
    mixed = good.replace(value_of(one, good).tags[0], "things")  # type: ignore[union-attr,attr-defined]
    grades = examiner.grades([(one, good), (one, mixed), (one, "no JSON")])
    assert [len(own) for own in grades] == [3, 3, 0]
    assert "bad" not in grades[0]
    assert grades[1][0] == "bad"
    assert "bad" not in grades[1][1:]
    assert examiner.grade([(one, good), (one, mixed), (one, "no JSON")])[1:] == ["bad", None]


def test_rival_answers_to_one_question_are_not_held_against_each_other(scene: Scene, examiner: Examiner) -> None:
    one = scene.trained_on()[0]
    alone = examiner.grades([(one, one.by_rules[0])])
    assert examiner.grades([(one, one.by_rules[0])] * 2) == alone * 2


def test_the_pass_rate_is_a_mean_over_questions_and_no_answer_does_not_pass(scene: Scene, examiner: Examiner) -> None:
    known = [one for one in scene.held_out() if one.by_rules]
    asked = [one for one in known if one.user_id == known[0].user_id][:2]
    assert len(asked) == 2
    later = Later(scene.later.targets.clear(), scene.later.catalogue, 30)
    both = figures_of(asked, [one.by_rules[0] for one in asked], examiner, later)
    rate = both[PASS_RATE][str(asked[0].user_id)]
    grades = examiner.grades([(one, one.by_rules[0]) for one in asked])
    assert rate == pytest.approx(sum(grade != "bad" for own in grades for grade in own) / 6)
    assert both["HR@30"] == {}
    half = figures_of(asked, [None, asked[1].by_rules[0]], examiner, later)
    assert half[PASS_RATE][str(asked[0].user_id)] == pytest.approx(sum(grade != "bad" for grade in grades[1]) / 6)


def test_tags_hit_where_they_lead_to_the_next_items_category(scene: Scene, examiner: Examiner) -> None:
    asked = scene.held_out()
    texts = [one.by_rules[0] if one.by_rules else None for one in asked]
    found = figures_of(asked, texts, examiner, scene.later)
    assert set(found["HR@30"].values()) <= {0.0, 1.0}
    assert sum(found["HR@30"].values()) > 0
    nothing = figures_of(asked, [None] * len(asked), examiner, scene.later)
    assert nothing["HR@30"] == dict.fromkeys(found["HR@30"], 0.0)


def test_a_stale_judge_stops_everything(made: tuple[Workspace, Config]) -> None:
    workspace, _ = made
    must_be_trusted(workspace, "tags")
    stale = Checked(task="tag", criterion="relevance", n=50, accuracy=0.5, kappa=0.0, stale=True)
    store_state(workspace, JudgeState(model="m", checked=(stale,)))
    try:
        must_be_trusted(workspace, "interests")
        with pytest.raises(LLMAnswerError, match="No model can be aligned for tags now: the judge .* is stale"):
            must_be_trusted(workspace, "tags")
    finally:
        (workspace.root / "judge.json").unlink()


def test_a_judge_that_says_yes_to_planted_faults_stops_everything(scene: Scene, examiner: Examiner) -> None:
    answered = [(one, one.by_rules[0]) for one in scene.trained_on()[:8] if one.by_rules]
    assert examiner.guard(answered) == []  # rules judge alone
    always = LedgeredModel(ScriptedBackend(lambda _: {"answer": "yes"}), Ledger(None), LLMConfig(small=True))
    asked = Examiner(Judge(examiner.judge.standards, examiner.judge.embedder, always), scene.asking)
    with pytest.raises(LLMAnswerError, match="is no judge of tags"):
        asked.guard(answered)


def test_users_are_on_one_side_only_and_each_is_asked_whole(scene: Scene) -> None:
    sides = [{one.user_id for one in part} for part in (scene.trained_on(), scene.checked(), scene.held_out())]
    assert all(sides)
    assert len(set.union(*sides)) == sum(map(len, sides))


def test_few_questions_are_those_of_the_first_users(made: tuple[Workspace, Config], scene: Scene) -> None:
    workspace, config = made
    few = config.alignment.model_copy(update={"questions": 1, "held_out_questions": 1})
    small = set_scene(workspace, config.model_copy(update={"alignment": few}), "tags", None, SILENT)
    (user,) = {one.user_id for one in small.trained_on()}
    assert user == scene.trained_on()[0].user_id


def test_nothing_later_reaches_a_question_and_targets_come_after_it(scene: Scene) -> None:
    assert scene.inputs.events["timestamp"].max() < scene.inputs.as_of
    assert scene.later.targets["timestamp"].min() >= scene.inputs.as_of
    window = timedelta(days=scene.config.evaluation.window_days)
    assert scene.later.targets["timestamp"].max() < scene.inputs.as_of + window


def test_explanations_are_held_out_by_item(made: tuple[Workspace, Config]) -> None:
    workspace, config = made
    data = config.alignment.data.model_copy(update={"held_out": 0.5})
    halves = config.model_copy(update={"alignment": config.alignment.model_copy(update={"data": data})})
    scene = set_scene(workspace, halves, "explanations", None, SILENT)
    must_be_asked(scene)
    train, held_out = ({one.item_id for one in part} for part in (scene.trained_on(), scene.held_out()))
    assert train
    assert held_out
    assert not train & held_out


def test_with_nobody_held_out_nothing_is_asked(made: tuple[Workspace, Config]) -> None:
    workspace, config = made
    data = config.alignment.data.model_copy(update={"held_out": 1e-9})
    nobody = config.model_copy(update={"alignment": config.alignment.model_copy(update={"data": data})})
    with pytest.raises(DataError, match="0 held out"):
        must_be_asked(set_scene(workspace, nobody, "tags", None, SILENT))
