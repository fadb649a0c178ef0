from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from intentrec.serving.experiments import ExposureLog, LiveExperiments
from intentrec.serving.experiments.config import ExperimentsConfig
from intentrec.serving.ranking import Ask

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
ALL = {"share": 0.999999999}
NONE = {"share": 1e-9}


@dataclass
class World:
    live: LiveExperiments
    log: ExposureLog
    rows: list


def world(**named):
    rows: list = []
    log = ExposureLog(rows.extend)
    return World(LiveExperiments(ExperimentsConfig.model_validate(named).named, log), log, rows)


def one_arm(**given):
    """An experiment in which practically everybody is in the arm `on`."""
    settings = {key: given.pop(key) for key in ("beta", "diversity", "explain", "release", "channel") if key in given}
    return {"arms": {"off": NONE, "on": ALL | settings}} | given


def test_without_experiments_a_question_stays_as_it_is():
    ask = Ask(k=3)
    assert world().live.choice("u", NOW).shaped(ask) is ask


def test_an_arm_sets_its_settings_and_nothing_else():
    choice = world(e=one_arm(beta=0.25, explain=False)).live.choice("u", NOW)
    assert choice.shaped(Ask(k=3, diversity=0.5)) == Ask(k=3, diversity=0.5, beta=0.25, explain=False)
    assert choice.placed == (("e", "on"),)


def test_a_release_and_a_channel_are_said_beside_the_question():
    choice = world(e=one_arm(release="r0002", channel="tag")).live.choice("u", NOW)
    assert (choice.release, choice.channel) == ("r0002", "tag")
    assert choice.shaped(Ask()) == Ask()


def test_experiments_add_up():
    choice = world(e=one_arm(beta=0.25), f=one_arm(diversity=1.0)).live.choice("u", NOW)
    assert choice.shaped(Ask()) == Ask(beta=0.25, diversity=1.0)
    assert choice.placed == (("e", "on"), ("f", "on"))


@pytest.mark.parametrize(("offset", "takes_part"), [(-1, False), (0, True), (59, True), (60, False)])
def test_users_are_assigned_from_the_start_up_to_the_end(offset, takes_part):
    found = world(e=one_arm(beta=0.0, start=NOW, end=NOW + timedelta(seconds=60)))
    choice = found.live.choice("u", NOW + timedelta(seconds=offset))
    assert bool(choice.placed) is takes_part
    assert choice.shaped(Ask()).beta == (0.0 if takes_part else None)


def test_an_experiment_without_traffic_has_nobody():
    assert world(e=one_arm(beta=0.0, traffic=0.0)).live.choice("u", NOW).placed == ()


def test_users_outside_the_traffic_get_what_everybody_gets():
    found = world(e=one_arm(beta=0.0, traffic=0.5))
    inside = [bool(found.live.choice(str(n), NOW).placed) for n in range(200)]
    assert 60 < sum(inside) < 140


def test_exposures_are_logged_when_they_are_said_and_for_every_experiment():
    found = world(e=one_arm(beta=0.25), f=one_arm(diversity=1.0))
    choice = found.live.choice("u", NOW)
    assert found.log.flush() == 0
    found.live.expose(choice, "u", NOW, "req", "r0001")
    assert found.log.flush() == 2
    assert [(row.experiment, row.arm, row.user_id, row.release) for row in found.rows] == [
        ("e", "on", "u", "r0001"),
        ("f", "on", "u", "r0001"),
    ]
