"""A shop that is served with an experiment."""

from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from intentrec.serving.api import create_app
from intentrec.serving.holder import Holder
from serving_shop import LATER

TOML = """
[events.impression]
role = "noise"

[serving.outcomes]
shown_from = "events"
late_hours = 0.0

[serving.experiments.beta]
arms = { fitted = { share = 0.5 }, one = { share = 0.5, beta = 1.0 } }
window_days = 0.5
planned_users = 400
least_users = 50
guardrails = [{ metric = "ATC", margin = 0.5 }]
"""
"""What stands at the end of the settings."""


class Served:
    """The application on a clock that is moved by hand; leaving the block shuts it down as a signal does."""

    def __init__(self, folder: Path, now: datetime = LATER) -> None:
        self.now = now
        self.holder = Holder.open(folder)
        self.client = TestClient(create_app(self.holder, now=lambda: self.now), base_url="http://127.0.0.1:8080")

    def __enter__(self) -> "Served":
        self.client.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.__exit__()

    def list_of(self, user: str, **options: object) -> dict[str, Any]:
        """Three recommendations."""
        path = f"/v1/users/{user.replace('/', '%2F')}/recommendations"
        answer = self.client.get(path, params={"k": 3, **options})
        assert answer.status_code == 200
        told: dict[str, Any] = answer.json()
        return told

    def post(self, events: list[dict[str, Any]]) -> None:
        """Events in one batch."""
        answer = self.client.post("/v1/events", json={"events": events})
        assert answer.status_code in (200, 202), answer.text
