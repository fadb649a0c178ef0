"""The same search for every system: fit before the validation window, rank its recall there, refit on everything."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from intentrec.data.splits import Split
from intentrec.errors import ConfigError
from intentrec.evaluation.baselines import (
    BM25,
    EASE,
    IALS,
    Baseline,
    Content,
    Embed,
    ItemKNN,
    Popularity,
    Transitions,
    TwoTower,
)
from intentrec.evaluation.baselines.interactions import Interactions
from intentrec.evaluation.baselines.titles import remembered
from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.lists import lists_of
from intentrec.evaluation.search import Measured, first_of, grid_of, searched
from intentrec.evaluation.spaces import Dimension, Setting
from intentrec.evaluation.views import VIEWS, Targets, targets_of, with_history
from intentrec.progress import SILENT, Progress
from intentrec.retrieval.protocol import Retriever

CLASSES: dict[str, type[Baseline]] = {
    baseline.name: baseline
    for baseline in (Popularity, ItemKNN, EASE, IALS, Transitions, BM25, Content, TwoTower)
}  # fmt: skip
SEEDED = (IALS.name, TwoTower.name)
READING = (Transitions.name, Content.name)

TUNING_SCHEMA = pl.Schema(
    {"system": pl.String, "trial": pl.Int64, "setting": pl.String, "recall": pl.Float64, "chosen": pl.Boolean}
)


@dataclass(frozen=True)
class Validation:
    """What tuning learns from and must foresee.

    Attributes:
        train: Events before the validation window.
        items: The item table.
        ids: Its item ids, ascending.
        targets: What users touched in the window.
    """

    train: pl.DataFrame
    items: pl.DataFrame
    ids: pl.Series
    targets: Targets
    _matrices: dict[float, Interactions] = field(default_factory=dict, repr=False, compare=False)

    def recall(self, system: Retriever, k: int) -> float:
        """Mean recall at k of a system that is trained here; baselines of one half-life share its matrix."""
        if isinstance(system, Baseline):
            half_life = system.half_life_days
            if half_life not in self._matrices:
                self._matrices[half_life] = Interactions.build(self.train, self.items, half_life)
            system.learn(self._matrices[half_life], self.train, self.items)
        else:
            system.fit(self.train, self.items)
        filtered = self.targets.view.filter_viewed
        lists = lists_of(system.name, system, self.targets.users, self.ids, k, filter_viewed=filtered)
        pairs = np.arange(len(lists), dtype=np.int64)[:, None] * len(self.ids) + lists
        found = (np.isin(pairs, self.targets.pairs) & (lists >= 0)).sum(axis=1)
        # Rounded, so that the last bits of a sum never choose.
        return round(float((found / self.targets.n_targets).mean()), 6)


def validation_of(
    split: Split, items: pl.DataFrame, config: EvaluationConfig, kinds: Collection[str] | None
) -> Validation:
    """The window before the cut of a split; where no time begins one, one event more of each user is held out."""
    inner = split.inner(kinds)
    ids = items["item_id"].unique().sort()
    kept = _sampled(inner.targets, config)
    view = next(view for view in VIEWS if view.name == config.tuning_view)
    return Validation(inner.train, items, ids, targets_of(view, with_history(kept, inner.train), ids))


def build(name: str, setting: Mapping[str, Any], config: EvaluationConfig, embed: Embed | None = None) -> Baseline:
    """A baseline that has not learned anything yet.

    Args:
        name: One of `CLASSES`.
        setting: Its options.
        config: Says its seed and how much memory it may take.
        embed: Titles -> vectors, for those that read them; vectors of spelling without one.
    """
    options: dict[str, Any] = {**setting, "memory_limit_gb": config.memory_limit_gb}
    if name in SEEDED:
        options["seed"] = config.seed
    if name in READING and embed is not None:
        options["embed"] = embed
    return CLASSES[name](**options)


def tune(
    name: str,
    validation: Validation,
    config: EvaluationConfig,
    progress: Progress = SILENT,
    embed: Embed | None = None,
) -> tuple[Setting, pl.DataFrame]:
    """The setting of highest recall of a baseline, and all trials as a frame of `TUNING_SCHEMA`; see `tune_system`."""
    space = getattr(config, name)
    embed_once = None if embed is None else remembered(embed)
    return tune_system(
        lambda setting: build(name, setting, config, embed_once), space.dimensions(), validation, name=name,
        trials=config.trials, k=config.tuning_k, seed=config.seed, starts=space.STARTS, progress=progress,
    )  # fmt: skip


def tune_system(
    make: Callable[[Setting], Retriever],
    space: Mapping[str, Dimension],
    validation: Validation,
    *,
    name: str,
    trials: int,
    k: int,
    seed: int = 0,
    starts: Sequence[Setting] = (),
    progress: Progress = SILENT,
) -> tuple[Setting, pl.DataFrame]:
    """The setting of highest recall on the validation window, the earlier one on a tie, and all trials.

    A search of one setting, or without a validation target, takes the first and measures nothing. A setting that
    refuses to begin (`ConfigError`, such as too little memory) has no recall and is not chosen.

    Args:
        make: A new system of a setting, which has not learned anything.
        space: Option -> a range, or the values to try.
        validation: What to learn from and to foresee.
        name: Of the system, in the frame of trials.
        trials: Most settings measured: the whole grid where it is no larger, a search otherwise.
        k: Length of the lists.
        seed: Of the search: the same seed tries the same settings.
        starts: Settings that the search tries first, as far as they lie in the space.
        progress: Told about each trial.

    Returns:
        The setting, and a frame of `TUNING_SCHEMA`.

    Raises:
        ConfigError: No setting at all could begin.
    """
    grid = grid_of(space, trials)
    if not len(validation.targets.users) or (grid is not None and len(grid) == 1):
        setting = first_of(space, starts) if grid is None else grid[0]
        return setting, _trials(name, [(setting, None)], 0)
    with progress.track(f"tuning {name}", trials if grid is None else len(grid)) as advance:
        measure = _Measure(make, validation, k, advance)
        if grid is None:
            measured = searched(space, trials, seed, starts, measure)
        else:
            measured = [(setting, measure(setting)) for setting in grid]
    if len(measure.refused) == len(measured):
        raise measure.refused[-1]
    chosen = int(np.argmax([-1.0 if recall is None else recall for _, recall in measured]))
    return measured[chosen][0], _trials(name, measured, chosen)


@dataclass(frozen=True)
class _Measure:
    make: Callable[[Setting], Retriever]
    validation: Validation
    k: int
    advance: Callable[[int], None]
    refused: list[ConfigError] = field(default_factory=list)

    def __call__(self, setting: Setting) -> float | None:
        """Recall of a setting, None where it refuses to begin."""
        try:
            return self.validation.recall(self.make(setting), self.k)
        except ConfigError as error:
            self.refused.append(error)
            return None
        finally:
            self.advance(1)


def written(setting: Setting) -> str:
    """A setting in one line: neighbours=20 shrinkage=10."""
    return " ".join(
        f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}" for key, value in setting.items()
    )


def _trials(name: str, measured: Measured, chosen: int) -> pl.DataFrame:
    rows = [
        {"system": name, "trial": n, "setting": written(setting), "recall": recall, "chosen": n == chosen}
        for n, (setting, recall) in enumerate(measured)
    ]
    return pl.DataFrame(rows, schema=TUNING_SCHEMA)


def _sampled(targets: pl.DataFrame, config: EvaluationConfig) -> pl.DataFrame:
    users = targets["user_id"].unique().sort()
    if len(users) <= config.tuning_users:
        return targets
    drawn = np.random.default_rng(config.seed).choice(len(users), size=config.tuning_users, replace=False)
    return targets.filter(pl.col("user_id").is_in(users.gather(np.sort(drawn)).to_list()))
