"""The comparison on a workspace's own data: our recommender as of the cut, beside tuned baselines."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from intentrec.config import Config
from intentrec.data import Split, by_column, global_time, leave_one_out
from intentrec.errors import ConfigError
from intentrec.evaluation import Evaluation, evaluate
from intentrec.pipeline.daily import open_day
from intentrec.pipeline.inputs import Inputs, day_after_last, load_inputs
from intentrec.pipeline.ranker import Ranker
from intentrec.progress import Progress
from intentrec.workspace import Workspace

PROTOCOLS = ("time", "leave-one-out", "column")
UNTIL_TOWERS = ("catalogue", "profiles", "interests", "tags", "towers")


def evaluate_workspace(
    workspace: Workspace,
    config: Config,
    *,
    protocol: str | None = None,
    column: str | None = None,
    llm_users: frozenset[str] | None = None,
    progress: Progress,
) -> Evaluation:
    """Do all stages as of the cut, then compare. Steps that a run as of the cut has done are reused.

    Nothing is published; the metrics of every user are kept in the table `user_metrics`.

    Args:
        llm_users: For whom the language model writes; None for those of the current release, and where there is none,
            what the settings say.

    Raises:
        ConfigError: The protocol is unknown.
        DataError: The events do not allow the split.
    """
    llm_users = llm_users if llm_users is not None else _users_of_the_release(workspace)
    with workspace.writing():
        split, inputs = _split(
            workspace, config, protocol or config.evaluation.protocol, column or config.evaluation.split_column
        )
        with open_day(workspace, config, inputs, llm_users, progress) as day:
            day.run(UNTIL_TOWERS)
            ranker = day.ranker()
            items = day.table("catalogue").select("item_id", "category")
            kinds = config.events.named("intent")
            weighed = replace(split, train=config.events.weigh(split.train))
            found = evaluate(_systems(ranker), weighed, items, config.evaluation, kinds=kinds, progress=progress)
            workspace.write("user_metrics", found.per_user)
    return found


def _users_of_the_release(workspace: Workspace) -> frozenset[str] | None:
    release = workspace.releases.current()
    users = release.facts.get("run", {}).get("llm_users") if release else None
    return None if users is None else frozenset(users)


def _systems(ranker: Ranker) -> dict[str, Ranker]:
    """What we serve, and the same without the tags, so that it shows what intent is worth."""
    return {
        "intentrec": ranker,
        "intentrec, towers only": replace(ranker, betas=np.ones_like(ranker.betas), name="intentrec, towers only"),
    }


def _split(workspace: Workspace, config: Config, protocol: str, column: str) -> tuple[Split, Inputs]:
    everything = load_inputs(workspace, None)
    kinds = config.events.named("intent")
    if protocol == "time":
        window = timedelta(days=config.evaluation.window_days)
        cut = day_after_last(everything.events) - window
        return global_time(everything.events, cut, window, kinds), load_inputs(workspace, cut)
    if protocol == "leave-one-out":
        split = leave_one_out(everything.events, kinds)
    elif protocol == "column":
        split = by_column(everything.events, column, kinds)
    else:
        raise ConfigError(f"There is no protocol {protocol!r}; choose one of {', '.join(PROTOCOLS)}.")
    identity = everything.identity | {"split": protocol if protocol != "column" else f"column {column}"}
    return split, replace(everything, events=split.train, identity=identity)
