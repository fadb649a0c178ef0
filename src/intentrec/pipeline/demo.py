"""The whole system on a real shop's year of purchases (UCI Online Retail, CC0 copy; see data/online_retail)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from intentrec.config import Config, load_config, template
from intentrec.data.demo import demo_files
from intentrec.errors import ConfigError, MissingExtra
from intentrec.evaluation import Evaluation
from intentrec.llm import LLMConfig, open_backend
from intentrec.pipeline.daily import RunOptions, RunReport, run_day
from intentrec.pipeline.evaluation import evaluate_workspace
from intentrec.pipeline.ingest import IngestReport, ingest_files
from intentrec.pipeline.inputs import day_after_last
from intentrec.pipeline.recommender import Recommender
from intentrec.progress import Progress
from intentrec.workspace import CONFIG_FILE, Workspace

LLM_USERS_FILE = "llm-users.txt"
_EVENTS_OF_A_DEMO_USER = (20, 150)
_USERS_SHOWN = 3


@dataclass(frozen=True)
class Story:
    """One user shown whole: profile, interests, tags, items with reasons."""

    user_id: str
    profile: str
    interests: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    items: list[dict[str, Any]]


@dataclass(frozen=True)
class Demo:
    """What the demo has to show.

    Attributes:
        ingested: None when the workspace was there already.
        written_by: By table: rows by the model that wrote them.
        rejected: By reason: outputs of the language model that the gate refused.
    """

    folder: Path
    model: str
    ingested: IngestReport | None
    report: RunReport
    written_by: dict[str, dict[str, int]]
    rejected: dict[str, int]
    stories: list[Story]
    evaluation: Evaluation
    notes: list[str]


def run_demo(
    folder: Path,
    *,
    llm_url: str | None,
    model: str | None,
    llm_users: int,
    now: Callable[[], datetime],
    progress: Progress,
) -> Demo:
    """Ingest the shop, run all stages as of four weeks before its end, and evaluate on those four weeks.

    Raises:
        ConfigError: A server is named without a model.
        MissingExtra: The towers' packages are not installed.
    """
    shop = open_demo(folder, llm_url=llm_url, model=model, llm_users=llm_users, now=now, progress=progress)
    workspace, config, users = shop.workspace, shop.config, shop.users
    report = run_day(workspace, config, RunOptions(shop.cut, users), now=now, progress=progress)
    evaluation = evaluate_workspace(workspace, config, llm_users=users, progress=progress)
    recommender = Recommender(workspace)
    return Demo(
        folder=folder,
        model=_model_name(recommender),
        ingested=shop.ingested,
        report=report,
        written_by={name: _by_model(workspace, name) for name in ("interests", "tags", "explanations")},
        rejected=_rejected(workspace),
        stories=[_story(recommender, user) for user in _most_told(recommender, users)],
        evaluation=evaluation,
        notes=shop.notes,
    )


@dataclass(frozen=True)
class DemoShop:
    """The demo's workspace, ready to run.

    Attributes:
        cut: Four weeks before the shop's last day.
        users: For whom the language model writes.
        ingested: What came in; None where the workspace was there already.
    """

    workspace: Workspace
    config: Config
    cut: datetime
    users: frozenset[str]
    ingested: IngestReport | None
    notes: list[str]


def open_demo(
    folder: Path, *, llm_url: str | None = None, model: str | None = None, llm_users: int = 16,
    now: Callable[[], datetime], progress: Progress,
) -> DemoShop:  # fmt: skip
    """The demo's workspace, made and filled where it is not there.

    Raises:
        ConfigError: A server is named without a model.
    """
    llm, notes = _llm_settings(llm_url, model)
    workspace, ingested = _workspace(folder, {"llm": llm, "run": {"llm_users": llm_users}}, now, progress)
    config = _with_llm(load_config(workspace.config_file), llm)
    cut = day_after_last(workspace.read("events")) - timedelta(days=config.evaluation.window_days)
    users = demo_users(workspace, cut, llm_users)
    (workspace.root / LLM_USERS_FILE).write_text("".join(f"{user}\n" for user in sorted(users)), "utf-8")
    return DemoShop(workspace, config, cut, users, ingested, notes)


def demo_users(workspace: Workspace, cut: datetime, size: int) -> frozenset[str]:
    """The users that the language model writes for: private shoppers, drawn by a hash of their id."""
    least, most = _EVENTS_OF_A_DEMO_USER
    counts = workspace.read("events").filter(pl.col("timestamp") < cut).group_by("user_id").len()
    users = counts.filter(pl.col("len").is_between(least, most))["user_id"].to_list()
    return frozenset(sorted(users, key=lambda user: sha256(user.encode()).digest())[:size])


def _llm_settings(url: str | None, model: str | None) -> tuple[dict[str, Any], list[str]]:
    if url:
        if not model:
            raise ConfigError("--llm-url needs --model NAME: the model's name on that server.")
        return {"backend": "openai", "base_url": url, "model": model}, []
    try:
        open_backend(LLMConfig(backend="embedded"))
    except MissingExtra as missing:
        return {"backend": "none"}, [f"{missing} Until then, rules and embeddings write everything."]
    return {"backend": "embedded"}, []


def _workspace(
    folder: Path, settings: dict[str, Any], now: Callable[[], datetime], progress: Progress
) -> tuple[Workspace, IngestReport | None]:
    workspace = Workspace(folder) if (folder / CONFIG_FILE).exists() else Workspace.create(folder, template(settings))
    if workspace.tables.exists("events"):
        return workspace, None
    files = {name: [path] for name, path in demo_files().items()}
    return workspace, ingest_files(workspace, load_config(workspace.config_file), files, now=now(), progress=progress)


def _with_llm(config: Config, llm: dict[str, Any]) -> Config:
    """The settings of an existing workspace, with the model that this call names."""
    return config.model_copy(update={"llm": config.llm.model_copy(update=llm)})


def _model_name(recommender: Recommender) -> str:
    written = set(recommender.interests["model"]) - {"none"}
    return ", ".join(sorted(written)) or "none"


def _by_model(workspace: Workspace, table: str) -> dict[str, int]:
    counts = workspace.read_release(table).group_by("model").len().sort("model")
    return dict(counts.iter_rows())


def _rejected(workspace: Workspace) -> dict[str, int]:
    rows = workspace.read_release("rejections").filter(pl.col("model") != "none")
    counts = rows.group_by("stage", "reason").len().sort("stage", "len", descending=[False, True])
    return {f"{stage}: {reason}": n for stage, reason, n in counts.iter_rows()}


def _most_told(recommender: Recommender, users: frozenset[str]) -> list[str]:
    """Users with most interests by the language model first, then by id."""
    mine = recommender.interests.filter(pl.col("user_id").is_in(sorted(users)))
    told = mine.group_by("user_id").agg((pl.col("model") != "none").sum().alias("told"), pl.len())
    return told.sort(["told", "len", "user_id"], descending=[True, True, False])["user_id"].head(_USERS_SHOWN).to_list()


def _story(recommender: Recommender, user: str) -> Story:
    def mine(table: str) -> pl.DataFrame:
        return recommender.workspace.read_release(table, recommender.release).filter(pl.col("user_id") == user)

    interests = mine("interests").sort("weight", descending=True)
    names = interests.select("interest_id", "interest")
    tags = mine("tags").join(names, on="interest_id", how="left", maintain_order="left")
    return Story(
        user_id=user,
        profile="\n".join(mine("profiles")["text"]),
        interests=interests.to_dicts(),
        tags=tags.to_dicts(),
        items=recommender.for_user(user).to_dicts(),
    )
