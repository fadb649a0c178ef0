from datetime import timedelta

import polars as pl
import pytest

from experiment_world import DAYS, END, START, make_workspace
from intentrec.errors import NotFoundError
from intentrec.serving.experiments import analyse
from intentrec.serving.experiments.phase import phase
from intentrec.serving.experiments.record import record, short

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def better(tmp_path_factory):
    """The arm `one` is clicked half as often again."""
    return make_workspace(tmp_path_factory.mktemp("better") / "shop")


@pytest.fixture(scope="module")
def found(better):
    workspace, config = better
    return analyse(workspace, config.serving, "beta", END + DAY)


def test_a_planted_lift_is_found_and_shipped(found):
    assert found.decision.verdict == "ship"
    (primary,) = found.primary
    last = primary.last
    assert last is not None
    assert last.relative_low < 0.5 < last.relative_high
    assert last.control == pytest.approx(0.2, abs=0.01)
    assert [each.state for each in found.guarded] == ["holds"]


def test_every_recorded_metric_is_told_and_silent_ones_are_named(found):
    assert [each.metric for each in found.results] == ["CTR", "EICD", "CICD", "DCAU", "TC", "GMV"]
    assert found.notes == ("Nothing is recorded for IPV, DT, ATC: see [serving.outcomes].",)


def test_arms_have_the_sizes_they_should_have(found):
    assert sum(found.sizes.users.values()) == 2000
    assert not found.sizes.alarm
    assert found.sizes.chi_square > 0.01


def test_there_is_a_look_at_every_midnight_once_enough_users_count(found):
    looks = found.primary[0].looks
    assert [look.at for look in looks] == [START + n * DAY for n in range(3, DAYS + 2)]
    counted = [look.n_control + look.n_treatment for look in looks]
    assert (
        counted[0] == 240
    )  # one comes every 5.76 minutes; a window of two days and an hour are over for those of 23 hours
    assert counted == sorted(counted)
    assert counted[-1] == 2000


def test_looking_earlier_shows_what_was_known_then(better, found):
    workspace, config = better
    early = analyse(workspace, config.serving, "beta", START + 6 * DAY)
    assert early.primary[0].looks == found.primary[0].looks[:4]


def test_before_anybody_is_exposed_nothing_is_known(better):
    workspace, config = better
    early = analyse(workspace, config.serving, "beta", START)
    assert (early.decision.verdict, early.sizes.times, early.sizes.users) == (
        "keep running",
        (),
        {"control": 0, "one": 0},
    )
    assert early.sizes.last_p == 1.0


def test_an_experiment_that_nobody_met_is_reported_too(better):
    workspace, config = better
    late = analyse(workspace, config.serving, "check", END + DAY)
    assert (late.decision.verdict, late.sizes.users) == ("stop", {"a": 0, "b": 0})
    assert late.at == END + timedelta(hours=1)


def test_an_unknown_experiment_names_the_known_ones(better):
    workspace, config = better
    with pytest.raises(NotFoundError, match="Known: beta, check"):
        analyse(workspace, config.serving, "betta", END)


def test_a_breached_guardrail_is_caught(tmp_path):
    workspace, config = make_workspace(tmp_path / "shop", spent=3.0)
    bad = analyse(workspace, config.serving, "beta", END + DAY)
    assert (bad.decision.verdict, [each.state for each in bad.guarded]) == ("stop", ["breached"])


def test_a_guardrail_without_data_is_open_and_nothing_is_shipped(tmp_path):
    workspace, config = make_workspace(tmp_path / "shop", guardrails=[{"metric": "ATC"}])
    blind = analyse(workspace, config.serving, "beta", END + DAY)
    assert (blind.decision.verdict, [each.state for each in blind.guarded]) == ("keep running", ["open"])


def test_a_mismatch_is_caught(tmp_path):
    workspace, config = make_workspace(tmp_path / "shop")
    rows = workspace.read("exposures")
    lost = (pl.col("arm") == "one") & (pl.col("user_id").str.slice(-1) < "3")
    workspace.write("exposures", rows.filter(~lost))
    broken = analyse(workspace, config.serving, "beta", END + DAY)
    assert broken.decision.verdict == "stop"
    assert broken.decision.reasons[0].startswith("Sample-ratio mismatch")


def test_users_who_saw_two_arms_and_arms_that_are_gone_are_noted(tmp_path):
    workspace, config = make_workspace(tmp_path / "shop", users=300)
    rows = workspace.read("exposures")
    crossed = rows.head(5).with_columns(arm=pl.lit("one"), timestamp=pl.col("timestamp") + DAY)
    n_crossed = rows.head(5).filter(pl.col("arm") != "one").height
    strange = rows.head(2).with_columns(arm=pl.lit("old"), user_id=pl.col("user_id") + "x")
    workspace.write("exposures", pl.concat([rows, crossed, strange]))
    notes = analyse(workspace, config.serving, "beta", END).notes
    assert notes[0] == f"{n_crossed} users saw a second arm; each counts for the first one."
    assert notes[1] == "2 users saw only arms that are no longer defined, and are left out."


def test_the_past_narrows_the_interval(tmp_path):
    def error(**given):
        workspace, config = make_workspace(tmp_path / str(len(given)), users=600, **given)
        past = workspace.read("impressions").with_columns(timestamp=pl.col("timestamp") - 3 * DAY)
        workspace.write("impressions", pl.concat([workspace.read("impressions"), past]))
        return analyse(workspace, config.serving, "beta", END).primary[0].last.error

    assert error(pre_days=4.0) < 0.1 * error()  # what each user does is what the same user did


def test_a_record_is_plain_data_without_infinite_numbers(found, better):
    told = record(found)
    again = type(told).model_validate_json(told.model_dump_json())
    assert again == told
    assert (told.verdict, told.sizes.mismatch, told.metrics[0].metric) == ("ship", False, "CTR")
    workspace, config = better
    early = record(analyse(workspace, config.serving, "beta", START + 4 * DAY))
    gmv = next(each for each in early.metrics if each.metric == "EICD")  # everybody is shown all categories
    assert (gmv.looks[0].low, gmv.looks[0].judged) == (None, False)


@pytest.mark.parametrize(("days", "wanted"), [(-1, "planned"), (0, "running"), (9, "running"), (10, "over")])
def test_an_experiment_is_planned_running_or_over(better, days, wanted):
    check = better[1].serving.experiments.named["check"]
    assert phase(check, START + days * DAY) == wanted
    assert short("check", check, START + days * DAY).phase == wanted


def test_without_times_an_experiment_is_running(better):
    beta = better[1].serving.experiments.named["beta"].model_copy(update={"start": None})
    assert phase(beta, START) == "running"
