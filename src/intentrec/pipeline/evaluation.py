"""The comparison on a workspace's own data: our recommender as of the cut, beside tuned baselines."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from intentrec.config import Config
from intentrec.data import Split, by_column, global_time, leave_one_out
from intentrec.errors import ConfigError
from intentrec.evaluation import Evaluation, EvaluationConfig, Extras, evaluate, sweep
from intentrec.pipeline.daily import open_day
from intentrec.pipeline.day import Day
from intentrec.pipeline.inputs import Inputs, day_after_last, load_inputs
from intentrec.pipeline.ranker import Ranker
from intentrec.pipeline.replay import Replayable
from intentrec.progress import Progress
from intentrec.workspace import Workspace

if TYPE_CHECKING:
    from intentrec.towers import Towers

PROTOCOLS = ("time", "leave-one-out", "column")
TARGETS = ("window", "last", "successive")
SWEPT_DIVERSITY = (0.0, 0.15, 0.3, 0.45, 0.6, 1.0, 2.0)
SWEPT_PLACES = 10
"""Variety is given to the first places only (`retrieval.diversity_places`)."""

UNTIL_TOWERS = ("catalogue", "profiles", "interests", "tags", "encoder", "towers")


def evaluate_workspace(
    workspace: Workspace,
    config: Config,
    *,
    protocol: str | None = None,
    column: str | None = None,
    targets: str | None = None,
    llm_users: frozenset[str] | None = None,
    sweeps: bool = False,
    command: str | None = None,
    progress: Progress,
) -> Evaluation:
    """Do all stages as of the cut, then compare. Steps that a run as of the cut has done are reused.

    Nothing is published; the metrics of every user are kept in the table `user_metrics`.

    Args:
        protocol: time, leave-one-out or column; None for the settings'.
        column: What protocol "column" follows; None for the settings'.
        targets: What must be found after the cut; None for the settings'.
        llm_users: For whom the language model writes; None for those of the current release, and where there is none,
            what the settings say.
        sweeps: Whether to turn the knobs of our recommender, too, so that the report shows what variety costs.
        command: What the user typed, for the report.
        progress: Told about stages, tuning and ranking.

    Raises:
        ConfigError: The protocol is unknown, or a system cannot serve the targets.
        DataError: The events do not allow the split.
    """
    settings = _with_targets(config.evaluation, targets)
    llm_users = llm_users if llm_users is not None else users_of_the_release(workspace)
    with workspace.writing():
        split, inputs = cut_of(workspace, config, protocol or settings.protocol, column or settings.split_column)
        with open_day(workspace, config, inputs, llm_users, progress) as day:
            day.run(UNTIL_TOWERS)
            ranker, log, items = day.ranker(), weighed(split, config), evaluated_items(day)
            kinds, extras = config.events.named("intent"), extras_of(day, split, inputs, settings, command)
            systems = _systems(ranker, None if settings.targets == "window" else day.trained_towers())
            found = evaluate(systems, log, items, settings, kinds=kinds, extras=extras, progress=progress)
            workspace.write("user_metrics", found.per_user)
            if sweeps:
                view = "new" if "new" in found.views else found.views[0]
                turned = _turned(ranker, log, items, settings, view, kinds=kinds, extras=extras, progress=progress)
                found = replace(found, sweep=turned)
    return found


def users_of_the_release(workspace: Workspace) -> frozenset[str] | None:
    """For whom the language model wrote in the current release; None where there is none or it wrote for all."""
    release = workspace.releases.current()
    users = release.facts.get("run", {}).get("llm_users") if release else None
    return None if users is None else frozenset(users)


def _with_targets(settings: EvaluationConfig, targets: str | None) -> EvaluationConfig:
    if targets is None:
        return settings
    if targets not in TARGETS:
        raise ConfigError(f"There are no targets {targets!r}; choose one of {', '.join(TARGETS)}.")
    return settings.model_copy(update={"targets": targets})


def weighed(split: Split, config: Config) -> Split:
    """The split with the weight of each event's kind."""
    later = None if split.later is None else config.events.weigh(split.later)
    return replace(split, train=config.events.weigh(split.train), later=later)


def evaluated_items(day: Day) -> pl.DataFrame:
    """item_id, category as the catalogue has it, and title."""
    titles = day.inputs.items.select("item_id", "title")
    return day.table("catalogue").select("item_id", "category", "name").join(titles, on="item_id", how="left")


def extras_of(day: Day, split: Split, inputs: Inputs, settings: EvaluationConfig, command: str | None) -> Extras:
    """Diversity is measured in the space of names: no system was trained in it."""
    items = evaluated_items(day)
    embedder = day.tools.embedder
    names = items["name"].fill_null("").to_list()
    return Extras(
        vectors=pl.DataFrame({"item_id": items["item_id"], "vector": pl.Series(embedder.embed(names))}),
        tags=day.table("tags"),
        embed=embedder.embed,
        about=({} if command is None else {"command": command})
        | {
            "protocol": split.name,
            "cut": "none" if split.cut is None else split.cut.isoformat(),
            "data": ", ".join(f"{name} {state}" for name, state in sorted(inputs.identity.items())),
            "seed": str(settings.seed),
            "package": f"intentrec {version('intentrec')}",
        },
    )


def _systems(ranker: Ranker, towers: "Towers | None") -> dict[str, Ranker]:
    """What we serve, and the same without the tags, so that it shows what intent is worth.

    Targets in turn ask for histories that no tag was written for: there the towers stand alone.
    """
    alone = replace(ranker, betas=np.ones_like(ranker.betas), name="intentrec, towers only")
    return {alone.name: Replayable.of(alone, towers)} if towers else {"intentrec": ranker, alone.name: alone}


@dataclass(frozen=True)
class Knob:
    """What can be turned without training anew: its settings, and the ranker at one of them."""

    name: str
    settings: tuple[float, ...]
    make: Callable[[float], Ranker]


def knobs(ranker: Ranker) -> list[Knob]:
    """The knobs of a ranker.

    Beta is the weight of the user's vector against the tags, the same for everybody; without tags it changes nothing
    and is left out.
    """
    own = ranker.config

    def at_beta(beta: float) -> Ranker:
        return replace(ranker, betas=np.full_like(ranker.betas, beta))

    def at_diversity(weight: float) -> Ranker:
        return replace(ranker, config=own.model_copy(update={"diversity": weight}))

    found: list[Knob] = [Knob("diversity", tuple(sorted({*SWEPT_DIVERSITY, own.diversity})), at_diversity)]
    if ranker.tags is not None:
        found.insert(0, Knob("beta", tuple(sorted({0.0, *own.beta_grid, 1.0})), at_beta))
    return found


def _turned(
    ranker: Ranker, split: Split, items: pl.DataFrame, settings: EvaluationConfig, view: str, **options: Any
) -> pl.DataFrame:
    """All knobs, one after the other: a frame of `SWEEP_SCHEMA`."""
    return pl.concat(
        sweep(
            each.make, each.name, each.settings, split, items, settings,
            name=ranker.name, view=view, k=SWEPT_PLACES, **options,
        )
        for each in knobs(ranker)
    )  # fmt: skip


def cut_of(workspace: Workspace, config: Config, protocol: str, column: str) -> tuple[Split, Inputs]:
    """What may be learned and what must be found, and the inputs as of the cut."""
    everything = load_inputs(workspace, None)
    kinds = config.events.named("intent")
    if protocol == "time":
        window = timedelta(days=config.evaluation.window_days)
        cut = day_after_last(everything.events) - window
        return global_time(everything.events, cut, window, kinds), load_inputs(workspace, cut)
    if protocol == "leave-one-out":
        split = leave_one_out(everything.events, kinds, order=config.evaluation.leave_one_out_order)
    elif protocol == "column":
        split = by_column(everything.events, column, kinds)
    else:
        raise ConfigError(f"There is no protocol {protocol!r}; choose one of {', '.join(PROTOCOLS)}.")
    identity = everything.identity | {"split": protocol if protocol != "column" else f"column {column}"}
    return split, replace(everything, events=split.train, identity=identity)
