"""The daily run: every stage in order, then one release. Killed and started again, it goes on where it stood."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from intentrec.config import Config, load_config
from intentrec.errors import ConfigError, DataError
from intentrec.llm import LedgeredModel, open_model
from intentrec.pipeline.adapters import with_adapters
from intentrec.pipeline.chain import Tools
from intentrec.pipeline.day import STAGES, Day
from intentrec.pipeline.encoder import remember
from intentrec.pipeline.inputs import Inputs, load_inputs, parse_time
from intentrec.pipeline.steps import StepOutput, Steps, code_digest, fingerprint
from intentrec.progress import SILENT, Progress
from intentrec.text.embeddings import open_embedder
from intentrec.workspace import PATIENCE, Manifest, Workspace

WRITTEN = ("interests", "tags", "explanations")


@dataclass(frozen=True)
class RunOptions:
    """What one run is asked for, beside the settings.

    Attributes:
        as_of: Exclusive end of what may be seen; None means the midnight after the last event.
        llm_users: For whom the language model writes; None leaves it to the settings.
        last_stage: Stop after it; only a run that reaches the last stage publishes.
    """

    as_of: datetime | None = None
    llm_users: frozenset[str] | None = None
    last_stage: str = STAGES[-1]

    @classmethod
    def parse(cls, as_of: str | None, users: Path | None, stages: str | None) -> "RunOptions":
        """Options as they are typed.

        Raises:
            ConfigError: A date or a stage that is none.
            DataError: The file of users cannot be read or is empty.
        """
        return cls(
            as_of=parse_time(as_of) if as_of else None,
            llm_users=read_users(users) if users else None,
            last_stage=_last_of(stages) if stages else STAGES[-1],
        )


def read_users(file: Path) -> frozenset[str]:
    """User ids, one a line; blank lines are passed over."""
    try:
        users = frozenset(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The file of users {file} cannot be read: {error}.") from error
    if not users:
        raise DataError(f"The file of users {file} is empty; write one user_id a line.")
    return users


def _last_of(stages: str) -> str:
    names = [name.strip() for name in stages.split(",")]
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        raise ConfigError(f"There is no stage {unknown[0]!r}. The stages are, in order: {', '.join(STAGES)}.")
    return max(names, key=STAGES.index)


@dataclass(frozen=True)
class StepLine:
    """One step in the report."""

    step: str
    reused: bool
    counts: dict[str, int]


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    Attributes:
        release: The release readers see after it; None when it stopped before the last stage.
        published: False where nothing changed and the release stays.
        models: By stage: requests, ledger hits, calls, tokens and money of this run.
    """

    as_of: datetime
    release: str | None
    published: bool
    steps: list[StepLine]
    models: dict[str, dict[str, Any]]
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self) | {"as_of": self.as_of.isoformat()}

    def model_lines(self) -> list[str]:
        """What was asked of the language model, a sentence a stage, and the run's notes."""
        lines = [
            f"{stage}: {use['requests']:,} requests to {use['model']}, {use['hits']:,} from the ledger, "
            f"{use['calls']:,} calls, {use['prompt_tokens']:,} tokens in, {use['completion_tokens']:,} out, "
            f"{use['usd']:.2f} USD, {use['failed']:,} without a usable answer"
            for stage, use in self.models.items()
        ]
        return lines + self.notes


def run_day(
    workspace: Workspace,
    config: Config,
    options: RunOptions,
    *,
    now: Callable[[], datetime],
    progress: Progress,
) -> RunReport:
    """Do what is left of a day's work and publish it.

    Raises:
        DataError: There is nothing to work on.
        LLMError: The language model cannot be used, and the settings do not allow going on without it.
        BudgetExceeded: The spend cap is reached; start again with a larger one to go on.
        WorkspaceError: Another run is writing, or the disk is full.
    """
    with workspace.writing(PATIENCE):
        inputs = load_inputs(workspace, options.as_of)
        with open_day(workspace, config, inputs, options.llm_users, progress) as day:
            last = STAGES.index(options.last_stage)
            day.run(STAGES[: last + 1])
            complete = last == len(STAGES) - 1
            manifest, published = publish(day, now) if complete else (None, False)
            if "encoder" in day.records:
                remember(workspace, day.records["encoder"])
            return RunReport(
                as_of=inputs.as_of,
                release=manifest.release if manifest else None,
                published=published,
                steps=[StepLine(r.step, r.step in day.steps.reused, r.counts) for r in day.steps.done],
                models=_usage(day),
                notes=day.notes,
            )


def run(
    workspace: Workspace,
    *,
    as_of: datetime | None = None,
    llm_users: frozenset[str] | None = None,
    config: Config | None = None,
    progress: Progress = SILENT,
) -> RunReport:
    """Do a day's work and publish it: `run_day` with the settings of the workspace and the time on the wall.

    Args:
        as_of: Exclusive end of what may be seen; None means the midnight after the last event.
        llm_users: For whom the language model writes; None leaves it to the settings.
        config: Settings to use instead of the workspace's `intentrec.toml`.

    Raises:
        IntentrecError: See `run_day`.
    """
    settings = config or load_config(workspace.config_file)
    return run_day(workspace, settings, RunOptions(as_of, llm_users), now=lambda: datetime.now(UTC), progress=progress)


@contextmanager
def open_day(
    workspace: Workspace, config: Config, inputs: Inputs, llm_users: frozenset[str] | None, progress: Progress
) -> Iterator[Day]:
    """The day's tools, closed again at the end; stages that have an adapter use it."""
    config = with_adapters(workspace, config)
    model = open_model(config.llm, workspace.ledger)
    try:
        tools = Tools(
            config=config,
            embedder=open_embedder(config.text, workspace.cache, progress),
            model=model,
            llm_users=llm_users if llm_users is not None else sample_users(inputs, config.run.llm_users),
            progress=progress,
        )
        yield Day(Steps(workspace), tools, inputs)
    finally:
        if isinstance(model, LedgeredModel):
            model.close()


def sample_users(inputs: Inputs, size: int | None) -> frozenset[str] | None:
    """The `size` users with the smallest hash, so that a sample stays the same from day to day; None for all."""
    if size is None:
        return None
    users = inputs.events["user_id"].unique().to_list()
    return frozenset(sorted(users, key=lambda user: sha256(user.encode()).digest())[:size])


def publish(day: Day, now: Callable[[], datetime]) -> tuple[Manifest, bool]:
    """Make the finished day the current release, unless the current one says the same already."""
    rejections = day.steps.do(
        "rejections",
        {"of": {stage: day.records[stage].tables["rejections"].digest for stage in WRITTEN}},
        lambda: StepOutput({"rejections": pl.concat([day.table(stage, "rejections") for stage in WRITTEN])}),
    )
    parts = [*day.records.values(), rejections]
    config = day.tools.config.model_dump(mode="json")
    manifest = Manifest(
        as_of=day.inputs.as_of,
        created_at=now(),
        fingerprint=fingerprint({"config": config, "code": code_digest(), "inputs": day.inputs.identity}),
        tables={name: ref for record in parts for name, ref in record.tables.items()},
        artefacts={name: ref for record in parts for name, ref in record.artefacts.items()},
        inputs=_versions(day),
        config=config,
        facts={record.step: record.facts for record in parts if record.facts} | {"run": _scope(day)},
        report={"steps": {r.step: r.counts for r in parts}, "models": _usage(day), "notes": day.notes},
    )
    current = day.steps.workspace.releases.current()
    if current and (current.content(), current.as_of) == (manifest.content(), manifest.as_of):
        return current, False
    return day.steps.workspace.releases.publish(manifest), True


def _scope(day: Day) -> dict[str, Any]:
    """What the release was made from and for.

    `llm_users`: for whom the language model wrote, so that an evaluation of the release asks for nobody else.
    `last_row`: the greatest row of its events, which tells a server what came in since.
    """
    users, last = day.tools.llm_users, day.inputs.events["row"].max()
    return {"llm_users": None if users is None else sorted(users), "last_row": last}


def _versions(day: Day) -> dict[str, int]:
    stored = day.steps.workspace.tables
    return {name: stored.version(name) for name in day.inputs.identity if stored.exists(name)}


def _usage(day: Day) -> dict[str, dict[str, Any]]:
    model = day.tools.model
    if not isinstance(model, LedgeredModel):
        return {}
    return {stage: {"model": model.name_for(stage), **asdict(usage)} for stage, usage in model.usage.items()}
