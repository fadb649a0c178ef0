"""What an experiment says is what its users are served, and only what was served is noted."""

import pytest

from intentrec.errors import NotFoundError
from intentrec.serving.ranking import Ask
from serving_fakes import FakeHolder, FakeRanking

PATH = "/v1/users/anna/recommendations"
HALVES = {"plain": {"share": 0.000001}, "test": {"share": 0.999999}}


def holder_with(tmp_path, **changes):
    arms = {"plain": HALVES["plain"], "test": HALVES["test"] | changes}
    return FakeHolder(tmp_path / "shop", {"experiments": {"trial": {"arms": arms}}})


@pytest.fixture
def exposed(monkeypatch):
    """Exposures as they are noted: experiment, arm, user, request, release."""
    noted = []
    monkeypatch.setattr(
        "intentrec.serving.experiments.exposures.ExposureLog.add",
        lambda _, experiment, arm, user, now, request, release: noted.append((experiment, arm, user, request, release)),
    )
    return noted


def test_settings_of_the_arm_reach_the_ranking_and_the_exposure_is_noted(tmp_path, exposed):
    holder = holder_with(tmp_path, beta=0.25, explain=False)
    answer = holder.client().get(f"{PATH}?k=3", headers={"X-Request-ID": "q1"}).json()
    assert answer["experiments"] == {"trial": "test"}
    assert holder.fake.asked == [("stored", "anna", Ask(k=3, beta=0.25, explain=False))]
    assert exposed == [("trial", "test", "anna", "q1", "r0001")]
    holder.store.close()


def test_a_request_that_names_what_an_arm_sets_takes_no_part(tmp_path, exposed):
    holder = holder_with(tmp_path, beta=0.25)
    answer = holder.client().get(f"{PATH}?beta=0.5").json()
    assert "experiments" not in answer
    assert holder.fake.asked == [("stored", "anna", Ask(beta=0.5))]
    assert not exposed
    assert holder.client().get(f"{PATH}?explain=true").json()["experiments"] == {"trial": "test"}
    holder.store.close()


def test_an_arm_may_be_another_release(tmp_path, exposed):
    holder = holder_with(tmp_path, release="r0002")
    holder._others["r0002"] = FakeRanking(holder.fake.live, release="r0002")
    assert holder.client().get(PATH).json()["release"] == "r0002"
    assert exposed[0][-1] == "r0002"
    holder.store.close()


def test_an_arm_may_be_one_channel(tmp_path, exposed):
    holder = holder_with(tmp_path, channel="tag")
    assert holder.client().get(PATH).json()["source"] == "channel:tag"
    assert len(exposed) == 1
    holder.store.close()


def test_an_arm_that_names_what_is_not_there_serves_as_ever_and_is_not_noted(tmp_path, exposed, caplog):
    holder = holder_with(tmp_path, release="r0099")
    client = holder.client()
    for _ in range(3):
        answer = client.get(PATH).json()
        assert (answer["release"], answer["experiments"]) == ("r0001", {})
    assert not exposed
    assert len([record for record in caplog.records if "experiment" in record.message]) == 1
    with pytest.raises(NotFoundError):
        holder.release("r0099")
    holder.store.close()


def test_exposures_are_written_when_the_application_ends(tmp_path):
    holder = holder_with(tmp_path, beta=0.25)
    with holder.client() as client:
        client.get(PATH)
        closed = []
        holder.close = lambda: closed.append([each.user_id for each in holder.store.exposures()])
    assert closed == [["anna"]]
    holder.store.close()
