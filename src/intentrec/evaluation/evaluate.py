"""The comparison: baselines tuned and trained, every system asked for full lists, all views measured."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import polars as pl

from intentrec.data.splits import Split
from intentrec.errors import ConfigError, DataError
from intentrec.evaluation.baselines import Baseline
from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.frames import COMPARISON_SCHEMA, SUMMARY_SCHEMA
from intentrec.evaluation.lists import Recommends, lists_of
from intentrec.evaluation.measure import (
    Items,
    Measured,
    Resampling,
    measured,
    pairs_of,
    summarised,
    user_rows,
)
from intentrec.evaluation.report import Evaluation
from intentrec.evaluation.strangers import WithPopularity
from intentrec.evaluation.tuning import TUNING_SCHEMA, build, tune, validation_of
from intentrec.evaluation.views import VIEWS, Targets, targets_of, with_history
from intentrec.progress import SILENT, Progress
from intentrec.tables import USER_METRICS


def evaluate(
    systems: Mapping[str, Recommends],
    split: Split,
    items: pl.DataFrame,
    config: EvaluationConfig | None = None,
    *,
    kinds: Collection[str] | None = None,
    progress: Progress = SILENT,
) -> Evaluation:
    """Systems side by side with tuned baselines, on everything users touched after the cut.

    Args:
        systems: Name -> system, already trained on `split.train` and nothing later. May be empty.
        split: What was to be learned and what must be found.
        items: What was visible before the cut: item_id, and category where diversity is wanted. All of it is ranked.
        config: Which baselines, metrics and draws.
        kinds: The kinds of events that targets were made of, so that tuning looks at the same; None means all.
        progress: Told about tuning and ranking.

    Raises:
        ConfigError: A system has the name of a baseline.
        DataError: There is no target, or a system breaks the protocol.
    """
    config = config or EvaluationConfig()
    _check(systems, split, config)
    baselines, tuning = trained_baselines(split, items, config, kinds=kinds, progress=progress)
    visible = Items.of(items)
    targets = with_history(split.targets, split.train)
    views = [targets_of(view, targets, visible.ids) for view in VIEWS]
    found = _measured({**systems, **baselines}, targets["user_id"].unique().sort(), views, visible, config, progress)
    pairs = pairs_of(list(systems), list(baselines))
    options = Resampling(config.samples, config.confidence, config.seed)
    tables = [summarised(view, found[view.view.name], pairs, options) for view in views]
    return Evaluation(
        protocol=split.name,
        leaky=split.leaky,
        cut=split.cut,
        summary=pl.concat([summary for summary, _ in tables] or [pl.DataFrame(schema=SUMMARY_SCHEMA)]),
        per_user=_per_user(views, found),
        comparisons=pl.concat([pairs for _, pairs in tables] or [pl.DataFrame(schema=COMPARISON_SCHEMA)]),
        tuning=tuning,
        notes=_notes(split, views, targets, config),
    )


def trained_baselines(
    split: Split,
    items: pl.DataFrame,
    config: EvaluationConfig,
    *,
    kinds: Collection[str] | None = None,
    progress: Progress = SILENT,
) -> tuple[dict[str, Recommends], pl.DataFrame]:
    """Each baseline with its best setting, trained on all of `split.train`, and the table of all trials."""
    validation = validation_of(split, items, config, kinds)
    trained: dict[str, Baseline] = {}
    tables = [pl.DataFrame(schema=TUNING_SCHEMA)]
    names: Sequence[str] = config.baselines
    if config.strangers == "popularity" and "popularity" not in names:
        names = ("popularity", *names)
    for name in names:
        setting, trials = tune(name, validation, config, progress)
        trained[name] = build(name, setting, config).fit(split.train, items)
        tables.append(trials)
    served: dict[str, Recommends] = {name: trained[name] for name in config.baselines}
    if config.strangers == "popularity":
        served = {name: WithPopularity(trained[name], trained["popularity"]) for name in config.baselines}
    return served, pl.concat(tables)


def _check(systems: Mapping[str, Recommends], split: Split, config: EvaluationConfig) -> None:
    taken = [name for name in systems if name in config.baselines]
    if taken:
        raise ConfigError(f"A system is called {taken[0]!r}, as a baseline is; give it another name.")
    if split.targets.is_empty():
        raise DataError(
            f"There is nothing to find: no event after the cut {split.cut}. Choose an earlier cut or a longer window."
        )


def _measured(
    systems: Mapping[str, Recommends], users: pl.Series, views: Sequence[Targets], items: Items,
    config: EvaluationConfig, progress: Progress,
) -> dict[str, dict[str, Measured]]:  # fmt: skip
    """View -> system -> metrics. A system is asked once for each filter, for all users at once."""
    found: dict[str, dict[str, Measured]] = {view.view.name: {} for view in views}
    with progress.track("ranking", len(systems)) as advance:
        for name, system in systems.items():
            for filtered in (False, True):
                lists = lists_of(name, system, users, items.ids, max(config.ks), filter_viewed=filtered)
                for view in views:
                    if view.view.filter_viewed == filtered:
                        found[view.view.name][name] = measured(lists, users, view, items, config.ks)
            advance(1)
    return found


def _per_user(views: Sequence[Targets], found: Mapping[str, Mapping[str, Measured]]) -> pl.DataFrame:
    rows = [user_rows(system, view, values) for view in views for system, values in found[view.view.name].items()]
    if not rows:
        return USER_METRICS.empty()
    return USER_METRICS.check(pl.concat(rows, how="diagonal").sort("system", "view", "user_id"))


def _notes(split: Split, views: Sequence[Targets], targets: pl.DataFrame, config: EvaluationConfig) -> list[str]:
    notes = [_about(view) for view in views]
    strangers = targets.group_by("user_id").agg(pl.col("stranger").first())["stranger"]
    served = "the popular list" if config.strangers == "popularity" else "no list, a miss"
    notes.append(
        f"{int(strangers.sum())} of {len(strangers)} users have no earlier event; "
        f"personal baselines give them {served}."
    )
    if split.leaky:
        notes.append("Leaky: training events are later than some targets; compare only with tables made the same way.")
    return notes


def _about(view: Targets) -> str:
    total = int(np.sum(view.n_targets))
    return (
        f"View {view.view.name!r} ({view.view.meaning}): {len(view.users)} users, {total} targets; "
        f"{view.n_left_out} users have targets only outside it; {view.n_unknowable} targets "
        f"({view.unknowable_share:.1%}) are items that were not visible and count as misses."
    )
