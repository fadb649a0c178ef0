"""From the request to the report: a shop is served, an experiment runs, what was planted comes out."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from experiment_served import Served
from intentrec.serving.bundle import export_bundle
from intentrec.serving.experiments.assignment import Assignment
from intentrec.serving.live.keeper import Keeper
from intentrec.workspace import Workspace
from serving_shop import LATER

USERS = [f"user{n:03d}" for n in range(36)] + [f"visitor {n}/<b>" for n in range(364)]
CLICKED = {"fitted": 0.2, "one": 0.4}
DAY = timedelta(days=1)


def event(n: int, user: str, kind: str, item: str, at: datetime) -> dict:
    return {"event_id": f"e{n}", "user_id": user, "event": kind, "item_id": item, "timestamp": at.isoformat()}


@pytest.fixture
def folder(shop: Workspace, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shop.root, tmp_path / "shop"))


def visit(served: Served) -> None:
    """Every user looks once, over two days, and clicks as the arm makes one click."""
    rng = np.random.default_rng(1)
    events: list[dict] = []
    for k, user in enumerate(USERS):
        served.now = LATER + k * 2 * DAY / len(USERS)
        answer = served.list_of(user)
        at = served.now + timedelta(seconds=1)
        for item in answer["items"]:
            events.append(event(len(events), user, "impression", item["item_id"], at))
            if rng.random() < CLICKED[answer["experiments"]["beta"]]:
                events.append(event(len(events), user, "click", item["item_id"], at))
        if rng.random() < 0.7:
            events.append(event(len(events), user, "cart", answer["items"][0]["item_id"], at))
    served.now += timedelta(minutes=1)
    for start in range(0, len(events), 500):
        served.post(events[start : start + 500])


def drained(served: Served) -> None:
    """What the keeper does about twice a minute."""
    Keeper(served.holder.workspace, served.holder.config, served.holder.store, export_bundle).step(served.now)


def test_what_was_planted_comes_out(folder: Path) -> None:
    with Served(folder) as served:
        visit(served)
        ended = served.now
    with Served(folder, ended + DAY) as served:
        drained(served)
        told = served.client.get("/v1/experiments/beta").json()
        page = served.client.get("/explorer/experiment?name=beta").text
    assert sum(each[-1] for each in told["sizes"]["counts"].values()) == len(USERS)
    assert not told["sizes"]["mismatch"]
    (primary,) = [each for each in told["metrics"] if each["metric"] == "CTR"]
    last = primary["looks"][-1]
    assert last["n_control"] + last["n_treatment"] == len(USERS)
    assert last["relative_low"] < 1.0 < last["relative_high"]  # clicks were doubled
    assert [each["state"] for each in told["guardrails"]] == ["holds"]
    assert told["verdict"] == "ship"
    assert "Decision: ship" in page


def test_an_arm_is_served_and_the_same_user_stays_in_it(folder: Path) -> None:
    with Served(folder) as served:
        arms = {user: served.list_of(user)["experiments"]["beta"] for user in USERS[:36]}
        assert set(arms.values()) == {"fitted", "one"}
        for user, arm in arms.items():
            answer = served.list_of(user)
            assert answer["experiments"] == {"beta": arm}
            asked = served.list_of(user, beta=1.0) if arm == "one" else None
            assert asked is None or asked["items"] == answer["items"]


def test_who_asks_for_a_beta_takes_no_part(folder: Path) -> None:
    with Served(folder) as served:
        assert "experiments" not in served.list_of(USERS[0], beta=0.5)
    with Served(folder) as served:
        drained(served)
        told = served.client.get("/v1/experiments/beta").json()
    assert told["sizes"]["counts"] == {"fitted": [], "one": []}


def test_arms_are_those_that_any_client_can_compute(folder: Path) -> None:
    with Served(folder) as served:
        assignment = Assignment(served.holder.config.serving.experiments.named["beta"])
        for user in USERS[::20]:
            assert served.list_of(user)["experiments"] == {"beta": assignment.arm(user)}
