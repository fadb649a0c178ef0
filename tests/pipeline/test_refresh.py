"""One more day: a refresh equals a full run as of that day, and asks only for users whose prompts changed."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from intentrec.catalogue import catalogue_as_of
from intentrec.config import Config
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import DAYS, NOW, START, Shop, add, fill, open_shop, opener

# Few steps of training: what is compared is that both ways do the same.
QUICK = {"towers": {"epoch_examples": 200, "max_steps": 3, "validation_days": 0.0}, "retrieval": {"beta": 0.7}}


def run(workspace: Workspace, config: Config, day: int) -> None:
    options = RunOptions(as_of=START + timedelta(days=day))
    run_day(workspace, config, options, now=lambda: NOW, progress=SILENT)


def rows_but_numbers(workspace: Workspace) -> dict[str, str]:
    return workspace.release().content()


# Without shrinking: one example is two workspaces and three runs, and a smaller day says no more than a larger one.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(day=st.integers(60, DAYS - 1), refresh_days=st.sampled_from([1, 1, 7]))
def test_a_refresh_equals_a_full_run(
    day: int,
    refresh_days: int,
    shop: Shop,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = tmp_path_factory.mktemp("refresh")
    backend = ScriptedBackend(fill)
    monkeypatch.setattr("intentrec.pipeline.daily.open_model", opener(backend))
    chosen = QUICK | {"profiles": {"refresh_days": refresh_days}}
    grown, config = open_shop(root / "grown", shop, until=START + timedelta(days=day), settings=chosen)
    run(grown, config, day)
    before = prompts(backend)
    add(grown, config, shop, START + timedelta(days=day), START + timedelta(days=day + 1))
    run(grown, config, day + 1)
    refreshed = prompts(backend) - before

    full, config = open_shop(root / "full", shop, until=START + timedelta(days=day + 1), settings=chosen)
    run(full, config, day + 1)
    assert rows_but_numbers(grown) == rows_but_numbers(full)

    if not everybody_is_due(config, day):
        asked = {subject for stage, subject, _ in refreshed if stage != "explanations"}
        assert asked <= changed_profiles(grown)


def everybody_is_due(config: Config, day: int) -> bool:
    """Whether a month or a period of the catalogue begins between two days: both stand in every prompt."""
    before, after = (START + timedelta(days=day + n) for n in (0, 1))
    starts = {catalogue_as_of(moment, config.catalogue.refresh_days, START) for moment in (before, after)}
    return before.month != after.month or len(starts) > 1


def prompts(backend: ScriptedBackend) -> set[tuple[str, str, str]]:
    return {(r.stage, r.subject, "".join(m.content for m in r.messages)) for r in backend.asked}


def changed_profiles(workspace: Workspace) -> set[str]:
    """Users whose profile text differs between the last two releases."""
    new, old = (workspace.read_release("profiles", release) for release in reversed(workspace.releases.list()[-2:]))
    texts = new.join(old, on="user_id", how="left", suffix="_before").filter(
        pl.col("text").ne_missing(pl.col("text_before"))
    )
    return set(texts["user_id"])
