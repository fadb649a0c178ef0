"""What models are rewarded for: what the user took next, and the judge's grade."""

from pathlib import Path

import pytest

from align_shop import few
from intentrec.config import Config, parse_config
from intentrec.errors import DataError
from intentrec.pipeline.align_data import before_the_window, behaviour_of
from intentrec.pipeline.align_judging import open_examiner
from intentrec.pipeline.align_questions import set_scene
from intentrec.pipeline.align_rewards import rewarded
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import START, make_shop, merged, open_shop


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Config]:
    workspace, _ = open_shop(tmp_path_factory.mktemp("rewards") / "shop", make_shop(24))
    return workspace, parse_config(merged(few(Path("none"), questions=12) | {"judge": {"mode": "rules"}}), "test")


def test_tags_are_rewarded_for_what_the_user_took_next(made: tuple[Workspace, Config]) -> None:
    scene = set_scene(*made, "tags", None, SILENT)
    with open_examiner(*made, scene.asking, SILENT) as examiner:
        questions, reward = rewarded(scene, examiner)
        assert all(question.truth for question in questions)
        asking = before_the_window(scene)
        assert asking is not None
        asked = {one.request.messages: one for one in asking.asked("tags", "tuned")}
        ruled = [(question, asked[question.messages].by_rules) for question in questions]
        known = [(question, said[0]) for question, said in ruled if said]
        rewards = reward([question for question, _ in known], [answer for _, answer in known])
        assert max(rewards) > 0
        assert all(0 <= one <= 1 for one in rewards)
        assert reward([questions[0]], ["no JSON"]) == [0.0]


def test_other_stages_are_rewarded_by_the_grade(made: tuple[Workspace, Config]) -> None:
    scene = set_scene(*made, "interests", None, SILENT)
    with open_examiner(*made, scene.asking, SILENT) as examiner:
        questions, reward = rewarded(scene, examiner)
        ruled = scene.trained_on()[0].by_rules[0]
        assert reward(questions[:1] * 2, [ruled, "no JSON"]) == [0.5, 0.0]


def test_nothing_before_the_window_is_nothing_to_be_asked_about(made: tuple[Workspace, Config]) -> None:
    workspace, config = made
    long = config.alignment.data.model_copy(update={"window_days": 365})
    config = config.model_copy(update={"alignment": config.alignment.model_copy(update={"data": long})})
    scene = set_scene(workspace, config, "tags", START.replace(month=3), SILENT)
    assert behaviour_of(scene).counts == {"behaviour: no events before the window": 1}
    with open_examiner(workspace, config, scene.asking, SILENT) as examiner:
        with pytest.raises(DataError, match="There is no event before the last 365 days"):
            rewarded(scene, examiner)
