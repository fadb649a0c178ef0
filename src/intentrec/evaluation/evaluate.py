"""The comparison: baselines tuned and trained, every system asked for full lists, all views measured."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from intentrec.data.splits import Split
from intentrec.errors import ConfigError, DataError
from intentrec.evaluation.asked import Asked, asked_of
from intentrec.evaluation.baselines import Baseline, Embed
from intentrec.evaluation.channels import exclusive, exposure
from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.frames import SPREAD_SCHEMA, SWEEP_SCHEMA
from intentrec.evaluation.items import Items
from intentrec.evaluation.lists import Recommends, lists_of
from intentrec.evaluation.measure import Measured, looks_of, mean_of, measured, user_rows
from intentrec.evaluation.memory import check_memory, estimate_memory
from intentrec.evaluation.report import Evaluation
from intentrec.evaluation.runs import Cost, Seeded, Timed, Watch, costs_of, runs_of
from intentrec.evaluation.strangers import WithPopularity
from intentrec.evaluation.summary import Pairs, Resampling, activity_strata, pairs_of, spread, summarised
from intentrec.evaluation.tag_hits import tag_hits
from intentrec.evaluation.truth import Truth
from intentrec.evaluation.tuning import TUNING_SCHEMA, build, tune, validation_of
from intentrec.evaluation.views import VIEWS, Targets, targets_of
from intentrec.progress import SILENT, Progress
from intentrec.tables import USER_METRICS

Systems = Mapping[str, Recommends | Seeded]


@dataclass(frozen=True)
class Extras:
    """What a comparison may be told beside systems, split and items.

    Attributes:
        vectors: item_id and vector: the space in which diversity within lists is measured; without it there is none.
        tags: Rows of `TAGS` as of the cut, for their hit rate.
        embed: Titles -> vectors, for baselines that read titles; without it they know their spelling.
        costs: What given systems cost; sizes and answers are measured anyway.
        sweep: `SWEEP_SCHEMA`, passed on to the report.
        about: Command, seeds, data version and the like, passed on to the report.
    """

    vectors: pl.DataFrame | None = None
    tags: pl.DataFrame | None = None
    embed: Embed | None = None
    costs: Mapping[str, Cost] = field(default_factory=dict)
    sweep: pl.DataFrame = field(default_factory=SWEEP_SCHEMA.to_frame)
    about: Mapping[str, str] = field(default_factory=dict)


def evaluate(
    systems: Systems,
    split: Split,
    items: pl.DataFrame,
    config: EvaluationConfig | None = None,
    *,
    kinds: Collection[str] | None = None,
    extras: Extras | None = None,
    progress: Progress = SILENT,
) -> Evaluation:
    """Systems side by side with tuned baselines, on what users touched after the cut.

    Args:
        systems: Name -> system, already trained on `split.train` and nothing later, or a `Seeded` one. May be empty.
        split: What was to be learned and what must be found.
        items: What was visible before the cut: item_id, and category where diversity is wanted. All of it is ranked.
        config: Which targets, baselines, metrics and draws.
        kinds: The kinds of events that targets were made of, so that tuning looks at the same; None means all.
        extras: Item vectors, tags, and what only the report needs.
        progress: Told about tuning and ranking.

    Raises:
        ConfigError: A system has the name of a baseline or cannot serve the targets, or memory would not suffice.
        DataError: There is no target, or a system breaks the protocol.
    """
    config, extras = config or EvaluationConfig(), extras or Extras()
    _check(systems, split, config)
    asked = asked_of(split, config, kinds)
    _check_fit(systems, asked, items, config, extras)
    visible = Items.of(items, split.train, extras.vectors)
    views = [targets_of(view, asked.targets, visible.ids) for view in VIEWS if view.name in config.views]
    truths = [Truth.of(view, asked.owners, visible, config.ks, config.debias_gamma) for view in views]
    baselines, tuning, seconds = trained_baselines(
        split, items, config, kinds=kinds, embed=extras.embed, progress=progress
    )
    found = _measured({**systems, **baselines}, asked, truths, visible, config, progress)
    named: dict[str, Any] = {
        "protocol": split.name, "leaky": split.leaky, "cut": split.cut, "targets": asked.kind, "tuning": tuning,
        "notes": _notes(split, views, asked, config), "sweep": extras.sweep, "about": dict(extras.about),
        "costs": costs_of(found.watches, {name: Cost(spent) for name, spent in seconds.items()} | dict(extras.costs)),
        "per_user": _per_user(truths, found),
    }  # fmt: skip
    pairs = pairs_of(list(systems), list(baselines))
    return Evaluation(**named, **_tables(truths, found, visible, items, split, pairs, config, extras))


def _tables(
    truths: Sequence[Truth], found: "_Found", items: Items, table: pl.DataFrame, split: Split, pairs: Pairs,
    config: EvaluationConfig, extras: Extras,
) -> dict[str, Any]:  # fmt: skip
    """Everything that is summed up over users."""
    options = Resampling(config.samples, config.confidence, config.seed)
    strata = [activity_strata(truth.users, split.train, config.activity) for truth in truths]
    both = [summarised(t, found.of(t), parts, pairs, options) for t, parts in zip(truths, strata, strict=True)]
    tables = {
        "summary": pl.concat([summary for summary, _ in both]),
        "comparisons": pl.concat([compared for _, compared in both]),
        "exposure": pl.concat([exposure(truth, found.of(truth), items) for truth in truths]),
        "exclusive": pl.concat([exclusive(truth, found.of(truth), config.ks, options) for truth in truths]),
        "spread": pl.concat([pl.DataFrame(schema=SPREAD_SCHEMA), *found.spreads]),
    }
    if extras.tags is not None:
        tables["tag_hits"] = tag_hits(extras.tags, table, split.targets, options, n=config.tag_places)
    return tables


def trained_baselines(
    split: Split,
    items: pl.DataFrame,
    config: EvaluationConfig,
    *,
    kinds: Collection[str] | None = None,
    embed: Embed | None = None,
    progress: Progress = SILENT,
) -> tuple[dict[str, Recommends], pl.DataFrame, dict[str, float]]:
    """Baselines with their best settings.

    Args:
        split: What to learn from.
        items: The item table, with titles where a baseline reads them.
        config: Which baselines, and how they are tuned.
        kinds: The kinds of events that targets are made of; None means all.
        embed: Titles -> vectors, for baselines that read them.
        progress: Told about trials.

    Returns:
        Each baseline trained on all of `split.train`; the table of all trials; the seconds that training took once its
        setting was known.
    """
    if not config.baselines:
        return {}, pl.DataFrame(schema=TUNING_SCHEMA), {}
    validation = validation_of(split, items, config, kinds)
    trained: dict[str, Baseline] = {}
    seconds: dict[str, float] = {}
    tables = [pl.DataFrame(schema=TUNING_SCHEMA)]
    names: Sequence[str] = config.baselines
    if config.strangers == "popularity" and "popularity" not in names:
        names = ("popularity", *names)
    for name in names:
        setting, trials = tune(name, validation, config, progress, embed)
        start = perf_counter()
        trained[name] = build(name, setting, config, embed).fit(split.train, items)
        seconds[name] = perf_counter() - start
        tables.append(trials)
    served: dict[str, Recommends] = {name: trained[name] for name in config.baselines}
    if config.strangers == "popularity":
        served = {name: WithPopularity(trained[name], trained["popularity"]) for name in config.baselines}
    return served, pl.concat(tables), seconds


@dataclass(frozen=True)
class _Found:
    """View -> system -> what was measured; watches of all runs; spread over seeds."""

    views: dict[str, dict[str, Measured]]
    watches: dict[str, list[Watch]]
    spreads: list[pl.DataFrame]

    def of(self, truth: Truth) -> dict[str, Measured]:
        return self.views[truth.name]


def _check(systems: Systems, split: Split, config: EvaluationConfig) -> None:
    taken = [name for name in systems if name in config.baselines]
    if taken:
        raise ConfigError(f"A system is called {taken[0]!r}, as a baseline is; give it another name.")
    if split.targets.is_empty():
        raise DataError(
            f"There is nothing to find: no event after the cut {split.cut}. Choose an earlier cut or a longer window."
        )


def _check_fit(systems: Systems, asked: Asked, items: pl.DataFrame, config: EvaluationConfig, extras: Extras) -> None:
    """Everything that can be refused before a minute is spent."""
    if asked.histories is not None:
        given = {name: system for name, system in systems.items() if not isinstance(system, Seeded)}
        lacking = [name for name, system in given.items() if not hasattr(system, "with_histories")]
        if lacking:
            raise ConfigError(
                f'Targets "{asked.kind}" need systems that have with_histories, which {", ".join(lacking)} '
                f'{"lacks" if len(lacking) == 1 else "lack"}; set evaluation.targets to "window".'
            )
    first = None if extras.vectors is None or extras.vectors.is_empty() else extras.vectors["vector"][0]
    needed = estimate_memory(
        asked.owners["owner"].n_unique(), len(items), config.ks, n_systems=len(systems) + len(config.baselines),
        n_views=len(config.views), n_targets=len(asked.targets), width=0 if first is None else len(first),
        asked=len(asked.owners),
    )  # fmt: skip
    check_memory(needed, config.memory_limit_gb)


def _measured(
    systems: Systems, asked: Asked, truths: Sequence[Truth], items: Items, config: EvaluationConfig, progress: Progress
) -> _Found:
    """A run is asked once for each filter, for all users at once."""
    found = _Found({truth.name: {} for truth in truths}, {name: [] for name in systems}, [])
    with progress.track("ranking", len(systems)) as advance:
        for name, system in systems.items():
            runs: dict[str, list[Measured]] = {truth.name: [] for truth in truths}
            for run in runs_of(name, system):
                found.watches[name].append(run.watch)
                for view, outcome in _of_run(run, asked, truths, items, config).items():
                    runs[view].append(outcome)
            for view, outcomes in runs.items():
                found.views[view][name] = mean_of(outcomes)
                found.spreads.append(spread(view, name, outcomes))
            advance(1)
    return found


def _of_run(
    run: Timed, asked: Asked, truths: Sequence[Truth], items: Items, config: EvaluationConfig
) -> dict[str, Measured]:
    outcomes = {}
    for filtered in (False, True):
        views = [truth for truth in truths if truth.targets.view.filter_viewed == filtered]
        if not views:
            continue
        lists = lists_of(
            run.name, run, asked.owners["user_id"], items.ids, max(config.ks), filter_viewed=filtered,
            histories=asked.histories,
        )  # fmt: skip
        looks = looks_of(lists, items, config.ks)
        for truth in views:
            outcomes[truth.name] = measured(lists, looks, truth, items, config.ks)
    return outcomes


def _per_user(truths: Sequence[Truth], found: _Found) -> pl.DataFrame:
    # Parts are made in the order of the key, so that nothing has to be sorted.
    rows = [
        user_rows(system, truth, found.of(truth)[system].per_user)
        for system in sorted(found.watches)
        for truth in sorted(truths, key=lambda truth: truth.name)
    ]
    return USER_METRICS.check(pl.concat(rows)) if rows else USER_METRICS.empty()


def _notes(split: Split, views: Sequence[Targets], asked: Asked, config: EvaluationConfig) -> list[str]:
    notes = [_about(view) for view in views]
    if asked.histories is not None:
        notes.append(
            f"Targets {asked.kind!r}: {len(asked.owners)} moments of {asked.owners['owner'].n_unique()} users, each "
            "with all events before it as history; a user's moments are averaged. In the lines above, moments are "
            "called users."
        )
    strangers = asked.targets.group_by("user_id").agg(pl.col("stranger").first())["stranger"]
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
