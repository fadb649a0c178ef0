"""The daily run publishes once, goes on where it stood, and keeps to its limits."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from intentrec.errors import BudgetExceeded, ConfigError, DataError, LLMUnavailable, NotFoundError
from intentrec.llm import Request
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.pipeline.estimate import estimate_run
from intentrec.pipeline.recommender import Recommender
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import NOW, START, Shop, add, fill, open_shop

UseBackend = Callable[[ScriptedBackend], None]


def run(workspace: Workspace, config: object, **options: object) -> object:
    return run_day(workspace, config, RunOptions(**options), now=lambda: NOW, progress=SILENT)  # type: ignore[arg-type]


def test_a_run_publishes_every_table_and_a_second_one_changes_nothing(tmp_path: Path, shop: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    first = run(workspace, config)
    second = run(workspace, config)
    assert (first.release, first.published) == ("r0001", True)
    assert (second.release, second.published) == ("r0001", False)
    assert all(step.reused for step in second.steps)
    manifest = workspace.release()
    assert set(manifest.tables) == {
        "catalogue", "pool", "profiles", "interests", "tags", "vectors", "recommendations", "explanations",
        "rejections",
    }  # fmt: skip
    assert workspace.read_release("recommendations")["reason"].null_count() == 0


def test_what_is_recommended_lies_in_the_users_themes(tmp_path: Path, shop: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop, settings={"towers": {"epochs": 4}})
    run(workspace, config)
    rows = workspace.read_release("recommendations").filter(rank=1)
    right = sum(item.split("-")[0] in shop.themes[user] for user, item in rows.select("user_id", "item_id").iter_rows())
    assert right / rows.height > 0.9


def test_a_changed_setting_makes_a_new_release_and_rollback_returns(tmp_path: Path, shop: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    run(workspace, config)
    changed = config.model_copy(update={"run": config.run.model_copy(update={"stored_k": 5})})
    report = run(workspace, changed)
    assert report.release == "r0002"
    assert next(step.step for step in report.steps if not step.reused) == "recommendations"
    assert workspace.read_release("recommendations")["rank"].max() == 5
    workspace.releases.rollback("r0001")
    assert workspace.read_release("recommendations")["rank"].max() == 10


def test_stages_stop_where_they_are_told_and_publish_nothing(tmp_path: Path, shop: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    report = run(workspace, config, last_stage="tags")
    assert [step.step for step in report.steps] == ["catalogue", "profiles", "interests", "tags"]
    assert report.release is None
    with pytest.raises(NotFoundError):
        workspace.release()
    assert all(step.reused for step in run(workspace, config).steps[:4])


def test_the_language_model_writes_for_the_users_it_is_given(
    tmp_path: Path, shop: Shop, scripted: ScriptedBackend
) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    report = run(workspace, config, llm_users=frozenset({"user003", "user004"}))
    written = workspace.read_release("interests").filter(model="scripted")
    assert set(written["user_id"]) <= {"user003", "user004"}
    assert {request.subject for request in scripted.asked if request.stage == "interests"} == {"user003", "user004"}
    assert report.models["interests"]["calls"] > 0
    asked = len(scripted.asked)
    again = run(workspace, config, llm_users=frozenset({"user003", "user004"}))
    assert len(scripted.asked) == asked
    assert not again.published


def test_a_new_model_run_on_cleared_steps_is_answered_by_the_ledger(
    tmp_path: Path, shop: Shop, scripted: ScriptedBackend
) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    run(workspace, config, llm_users=frozenset({"user003"}))
    content, asked = workspace.release().content(), len(scripted.asked)
    workspace.steps.clear()
    report = run(workspace, config, llm_users=frozenset({"user003"}))
    assert len(scripted.asked) == asked
    assert report.models["interests"]["hits"] == report.models["interests"]["requests"]
    assert workspace.release().content() == content


def test_a_model_that_is_down_stops_the_run_and_publishes_nothing(
    tmp_path: Path, shop: Shop, use_backend: UseBackend
) -> None:
    def down(request: Request) -> None:
        raise LLMUnavailable("No answer from http://llm:8000.", hint="Start it.")

    use_backend(ScriptedBackend(down))
    workspace, config = open_shop(tmp_path / "shop", shop)
    with pytest.raises(LLMUnavailable, match="Start it"):
        run(workspace, config)
    assert workspace.releases.current() is None


def test_a_model_that_is_down_may_be_done_without(tmp_path: Path, shop: Shop, use_backend: UseBackend) -> None:
    asked: list[str] = []

    def down_at_tags(request: Request) -> dict[str, object]:
        asked.append(request.stage)
        if request.stage == "tags":
            raise LLMUnavailable("No answer.")
        return fill(request)

    use_backend(ScriptedBackend(down_at_tags))
    settings = {"run": {"llm_down": "rules", "llm_users": 3}}
    workspace, config = open_shop(tmp_path / "shop", shop, settings=settings)
    report = run(workspace, config)
    assert "From tags on, everything was made without the language model" in report.notes[0]
    assert set(workspace.read_release("tags")["model"]) == {"none"}
    assert "explanations" not in asked


def test_the_budget_stops_a_run_that_can_be_gone_on_with(tmp_path: Path, shop: Shop, scripted: ScriptedBackend) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop, settings={"llm": {"budget_tokens": 3000}})
    with pytest.raises(BudgetExceeded):
        run(workspace, config)
    assert workspace.releases.current() is None
    paid = {request.model_dump_json() for request in scripted.asked}
    freed = config.model_copy(update={"llm": config.llm.model_copy(update={"budget_tokens": 0})})
    first_run = len(scripted.asked)
    assert run(workspace, freed).published
    assert not paid & {request.model_dump_json() for request in scripted.asked[first_run:]}


def test_a_dry_run_asks_nothing_and_stores_nothing(tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from intentrec.llm import EstimatingModel, Ledger, LLMConfig

    backend = ScriptedBackend(fill)

    def estimator(config: LLMConfig, ledger: Path) -> EstimatingModel:
        return EstimatingModel(backend, Ledger(None), config)

    monkeypatch.setattr("intentrec.pipeline.estimate.open_estimator", estimator)
    workspace, config = open_shop(tmp_path / "shop", shop)
    estimate = estimate_run(workspace, config, RunOptions(llm_users=frozenset({"user003"})), SILENT)
    assert backend.asked == []
    assert set(estimate.calls) == {"interests", "tags"}
    assert estimate.total.prompt_tokens > 0
    assert not workspace.tables.exists("interests")
    assert not workspace.ledger.exists()


def test_a_dry_run_without_a_model_costs_nothing(tmp_path: Path, shop: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    estimate = estimate_run(workspace, config, RunOptions(), SILENT)
    assert (estimate.model, estimate.total.calls) == ("none", 0)


def test_an_empty_workspace_says_what_to_ingest(tmp_path: Path, shop: Shop) -> None:
    from intentrec.config import Config

    workspace = Workspace.create(tmp_path / "empty", "")
    with pytest.raises(DataError, match="holds no items. Run `intentrec ingest --items FILE`"):
        run(workspace, Config())
    workspace.write("items", shop.items)
    with pytest.raises(DataError, match="holds no events"):
        run(workspace, Config())


def test_a_time_before_the_first_event_is_refused(tmp_path: Path, shop: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    options = RunOptions.parse("2001-01-01", None, None)
    with pytest.raises(DataError, match="no event before 2001-01-01"):
        run_day(workspace, config, options, now=lambda: NOW, progress=SILENT)


def test_options_are_read_from_what_is_typed(tmp_path: Path) -> None:
    users = tmp_path / "users.txt"
    users.write_text("b\n\n a \n")
    options = RunOptions.parse("2024-05-01T12:00:00+02:00", users, "tags,profiles")
    assert options.as_of is not None
    assert options.as_of.isoformat() == "2024-05-01T10:00:00+00:00"
    assert (options.llm_users, options.last_stage) == (frozenset({"a", "b"}), "tags")


@pytest.mark.parametrize(
    ("as_of", "stages", "message"),
    [
        ("May 1", None, "'May 1' is not a date"),
        (None, "tags,rank", "no stage 'rank'. The stages are, in order: catalogue"),
    ],
)
def test_options_that_make_no_sense_are_named(as_of: str | None, stages: str | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RunOptions.parse(as_of, None, stages)


def test_a_file_of_users_must_name_some(tmp_path: Path) -> None:
    empty = tmp_path / "users.txt"
    empty.write_text("\n")
    with pytest.raises(DataError, match="is empty"):
        RunOptions.parse(None, empty, None)
    with pytest.raises(DataError, match="cannot be read"):
        RunOptions.parse(None, tmp_path / "absent.txt", None)


def test_readers_see_one_release_whatever_is_ingested_after_it(tmp_path: Path, shop: Shop) -> None:
    until = START + timedelta(days=90)
    workspace, config = open_shop(tmp_path / "shop", shop, until=until)
    run(workspace, config)
    before = Recommender(workspace).for_user("user000", 10)
    add(workspace, config, shop, START, NOW)
    late = shop.events.filter(pl.col("timestamp") < until).with_columns(user_id=pl.lit("user000"))
    add(
        workspace, config, Shop(shop.items.with_columns(title=pl.lit("X")), late, shop.users, shop.themes), START, until
    )
    assert Recommender(workspace).for_user("user000", 10).equals(before)
    assert workspace.read_release("events").height < workspace.read("events").height


def test_a_run_in_russian_speaks_russian(tmp_path: Path, shop: Shop, scripted: ScriptedBackend) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    russian = config.model_copy(update={"language": "ru"})
    run(workspace, russian, llm_users=frozenset({"user003"}))
    assert all("Близко к" in reason for reason in workspace.read_release("recommendations")["reason"])
    assert all("куплено" in reason for reason in workspace.read_release("interests")["reason"])
    assert {request.prompt_version.split("@")[0].rsplit(".")[-1] for request in scripted.asked} == {"ru"}
