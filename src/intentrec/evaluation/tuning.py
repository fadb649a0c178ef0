"""The same search for every baseline: fit before the validation window, rank its recall there, refit on everything."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from intentrec.data.splits import Split, leave_one_out
from intentrec.evaluation import metrics
from intentrec.evaluation.baselines import EASE, IALS, Baseline, ItemKNN, Popularity
from intentrec.evaluation.baselines.interactions import Interactions
from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.lists import hits_of, lists_of
from intentrec.evaluation.views import VIEWS, Targets, targets_of, with_history
from intentrec.progress import SILENT, Progress

CLASSES: dict[str, type[Baseline]] = {baseline.name: baseline for baseline in (Popularity, ItemKNN, EASE, IALS)}
Setting = dict[str, float]

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

    def recall(self, system: Baseline, k: int) -> float:
        """Mean recall at k of a baseline that is trained here; each half-life's matrix is built only once."""
        half_life = system.half_life_days
        if half_life not in self._matrices:
            self._matrices[half_life] = Interactions.build(self.train, self.items, half_life)
        system.learn(self._matrices[half_life], self.train, self.items)
        lists = lists_of(system.name, system, self.targets.users, self.ids, k, filter_viewed=False)
        hits = hits_of(lists, np.arange(len(lists)), self.targets, len(self.ids))
        # Rounded, so that the last bits of a sum never choose.
        return round(float(metrics.recall_at(hits, self.targets.n_targets, k).mean()), 6)


def validation_of(
    split: Split, items: pl.DataFrame, config: EvaluationConfig, kinds: Collection[str] | None
) -> Validation:
    """The validation window of a split; the event before the last of each user where no time begins one."""
    if split.validation_cut is None:
        inner = leave_one_out(split.train, kinds)
        train, targets = inner.train, inner.targets
    else:
        later = pl.col("timestamp") >= split.validation_cut
        train, window = split.train.filter(~later), split.train.filter(later, pl.col("item_id").is_not_null())
        if kinds is not None:
            window = window.filter(pl.col("event").is_in(sorted(kinds)))
        targets = window.select("user_id", "item_id").unique()
    ids = items["item_id"].unique().sort()
    kept = _sampled(targets, config)
    return Validation(train, items, ids, targets_of(VIEWS[0], with_history(kept, train), ids))


def settings_of(name: str, config: EvaluationConfig) -> list[Setting]:
    """The settings to try: the grid in its order, or `config.trials` of it."""
    space: dict[str, Sequence[float]] = getattr(config, name).model_dump()
    grid = [dict(zip(space, values, strict=True)) for values in product(*space.values())]
    if len(grid) <= config.trials:
        return grid
    drawn = np.random.default_rng(config.seed).choice(len(grid), size=config.trials, replace=False)
    return [grid[place] for place in sorted(drawn)]


def build(name: str, setting: Setting, config: EvaluationConfig) -> Baseline:
    """A baseline that has not learned anything yet."""
    options: dict[str, Any] = {**setting, "memory_limit_gb": config.memory_limit_gb}
    if name == IALS.name:
        options["seed"] = config.seed
    return CLASSES[name](**options)


def tune(
    name: str, validation: Validation, config: EvaluationConfig, progress: Progress = SILENT
) -> tuple[Setting, pl.DataFrame]:
    """The setting of highest recall, the earlier one on a tie, and all trials as a frame of `TUNING_SCHEMA`.

    A search of one setting, or without a validation target, takes the first and measures nothing.
    """
    settings = settings_of(name, config)
    recalls: list[float | None] = [None]
    if len(settings) > 1 and len(validation.targets.users):
        with progress.track(f"tuning {name}", len(settings)) as advance:
            recalls = []
            for setting in settings:
                recalls.append(validation.recall(build(name, setting, config), config.tuning_k))
                advance(1)
    chosen = int(np.argmax([recall or 0.0 for recall in recalls]))
    trials = [
        {"system": name, "trial": n, "setting": written(setting), "recall": recall, "chosen": n == chosen}
        for n, (setting, recall) in enumerate(zip(settings, recalls, strict=False))
    ]
    return settings[chosen], pl.DataFrame(trials, schema=TUNING_SCHEMA)


def written(setting: Setting) -> str:
    """A setting in one line: neighbours=20 shrinkage=10."""
    return " ".join(f"{key}={value:g}" for key, value in setting.items())


def _sampled(targets: pl.DataFrame, config: EvaluationConfig) -> pl.DataFrame:
    users = targets["user_id"].unique().sort()
    if len(users) <= config.tuning_users:
        return targets
    drawn = np.random.default_rng(config.seed).choice(len(users), size=config.tuning_users, replace=False)
    return targets.filter(pl.col("user_id").is_in(users.gather(np.sort(drawn)).to_list()))
