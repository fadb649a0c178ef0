"""A workspace with an experiment whose truth is planted: users of two arms who were shown and clicked things."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from intentrec.config import Config, load_config, template
from intentrec.serving.experiments.assignment import Assignment
from intentrec.serving.experiments.config import ExperimentsConfig
from intentrec.serving.experiments.definition import Experiment
from intentrec.tables import EVENTS, EXPOSURES, IMPRESSIONS, ITEMS
from intentrec.workspace import Workspace

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 10
END = START + timedelta(days=DAYS)
BETA: dict[str, Any] = {
    "arms": {"control": {"share": 0.5}, "one": {"share": 0.5, "beta": 1.0}},
    "start": START.isoformat(), "window_days": 2.0, "planned_users": 2000,
    "guardrails": [{"metric": "GMV", "margin": 0.2}],
}  # fmt: skip
CHECK: dict[str, Any] = {"aa": True, "traffic": 0.5, "start": START.isoformat(), "end": END.isoformat()}
_CATEGORIES = ("cups", "pots", "tins")


def experiment(**given: Any) -> Experiment:
    """The experiment `beta`, changed."""
    return ExperimentsConfig.model_validate({"beta": BETA | given}).named["beta"]


def make_workspace(
    root: Path, clicked: float = 0.3, spent: float = 10.0, users: int = 2000, **given: Any
) -> tuple[Workspace, Config]:
    """Users come over eight days; each is shown nine items, clicks at a rate, and may buy.

    Args:
        clicked: Click rate of the arm `one`; the control's is 0.2.
        spent: Mean money of a purchase in the arm `one`; the control's is 10.
        given: Of the experiment `beta`.
    """
    settings = {"serving": {"experiments": {"beta": BETA | given, "check": CHECK}}}
    workspace = Workspace.create(root, template(settings))
    rng = np.random.default_rng(0)
    drawn = Assignment(experiment(**given))
    who = [f"user-{n}" for n in range(users)]
    arms = [drawn.drawn(user) for user in who]
    since = [START + timedelta(days=(DAYS - 2) * n / users) for n in range(users)]
    treated = np.array([arm == "one" for arm in arms])
    shown = np.repeat(np.arange(users), 9)
    rate = np.where(treated, clicked, 0.2)[shown]
    buys = np.flatnonzero(rng.random(users) < 0.5)
    money = rng.gamma(4.0, np.where(treated, spent, 10.0) / 4.0)
    workspace.write(
        "items", ITEMS.rows({"item_id": f"{c}-{n}", "title": c, "category": c} for c in _CATEGORIES for n in range(3))
    )
    workspace.write(
        "exposures",
        EXPOSURES.rows(
            {"experiment": "beta", "arm": arm, "user_id": user, "timestamp": at, "request_id": "r", "release": "r0001"}
            for user, arm, at in zip(who, arms, since, strict=True)
        ),
    )
    workspace.write(
        "impressions",
        IMPRESSIONS.rows(
            {
                "user_id": who[user], "timestamp": since[user] + timedelta(minutes=1 + k % 9),
                "item_id": f"{_CATEGORIES[k % 3]}-{k % 9 // 3}", "clicked": bool(hit),
            }
            for k, (user, hit) in enumerate(zip(shown.tolist(), rng.random(len(shown)) < rate, strict=True))
        ),
    )  # fmt: skip
    workspace.write(
        "events",
        EVENTS.rows(
            {
                "row": row, "user_id": who[user], "timestamp": since[user] + timedelta(hours=1), "event": "purchase",
                "item_id": "cups-0", "value": float(money[user]),
            }
            for row, user in enumerate(buys.tolist())
        ),
    )  # fmt: skip
    return workspace, load_config(workspace.config_file)


def exposures_of(workspace: Workspace) -> pl.DataFrame:
    """The stored exposures."""
    return workspace.read("exposures")
