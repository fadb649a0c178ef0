"""Options of the tag stage: each is tried with the rules' tags left out, and counted by user."""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace

import polars as pl
import pytest

from benchmarks.alignment import options
from benchmarks.alignment.options import ALIGNED, FREE, figures_of
from benchmarks.alignment.writers import Writer
from intentrec.config import Config
from intentrec.llm import LLMConfig

DAY = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Tools:
    """Settings and a model."""

    config: Config
    model: object = None
    progress: object = None


@pytest.fixture
def tried(monkeypatch):
    """Settings of the stage that were tried, in their order; ann gets a tag for lamps, bob one of the rules only."""
    seen = []

    def make_tags(tools, inputs, catalogue, profiles, interests):
        seen.append(tools.config.tags)
        tags = {"user_id": ["ann", "bob"], "rank": [1, 1], "category": ["lamps", "lamps"], "model": ["135M", "none"]}
        return SimpleNamespace(table=pl.DataFrame(tags))

    model = SimpleNamespace(usage={"tags": SimpleNamespace(requests=4)}, close=lambda: None)
    monkeypatch.setattr(options, "make_tags", make_tags)
    monkeypatch.setattr(options, "open_model", lambda llm, ledger: model)
    return seen


def figures(writer):
    """Figures of the two of three users."""
    users = pl.DataFrame({"user_id": ["ann", "bob", "cid"]})
    targets = pl.DataFrame({"user_id": ["ann", "bob"], "item_id": ["lamp", "lamp"], "timestamp": [DAY, DAY]})
    asking = SimpleNamespace(
        users=("ann", "bob", "cid"),
        profiles=users,
        interests=users,
        inputs=None,
        catalogue=pl.DataFrame({"item_id": ["lamp"], "category": ["lamps"]}),
        tools=Tools(Config()),
    )
    shop = SimpleNamespace(name="shop", targets=targets, workspace=SimpleNamespace(ledger=None))
    return figures_of(shop, asking, writer, 2, {"max_tags": 5}, nullcontext())


def test_an_aligned_model_is_tried_with_more_and_more_answers(tried, tmp_path):
    found = figures(Writer("135M", "tuned", LLMConfig(), {"tags": tmp_path}))
    assert [(tags.mode, tags.best_of, tags.fill, tags.max_tags) for tags in tried] == [
        ("tuned", n, False, 5) for n in (1, 2, 4)
    ]
    assert [line.writer for line in found[::3]] == [f"135M, {name}" for name in ALIGNED]
    assert found[0].by_unit == {"ann": 1.0, "bob": 0.0}
    assert found[1].by_unit == found[2].by_unit == {"ann": 1.0, "bob": 0.0}
    assert found[0].questions == 4


def test_a_free_model_is_tried_with_hints_and_a_plan(tried):
    found = figures(Writer("1.5B", "writing", LLMConfig()))
    assert [(tags.mode, tags.hints, tags.planner) for tags in tried] == [
        ("writing", "none", False),
        ("writing", "shortlist", False),
        ("writing", "followers", False),
        ("whole", "none", False),
        ("whole", "none", True),
    ]
    assert [line.writer for line in found[::3]] == [f"1.5B, {name}" for name in FREE]
