"""Baselines: each tuned once for a task with the same budget, the setting kept, then fitted for each seed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.quality.store import PLAIN, Run, Store
from benchmarks.quality.tasks import KINDS, Task
from intentrec.evaluation import EvaluationConfig, Recommends
from intentrec.evaluation.runs import size_mb
from intentrec.evaluation.strangers import WithPopularity
from intentrec.evaluation.tuning import CLASSES, READING, SEEDED, Validation, build, tune, validation_of
from intentrec.progress import Progress
from intentrec.text.config import TextConfig
from intentrec.text.embeddings import open_embedder

BASELINES = tuple(CLASSES)


@dataclass(frozen=True)
class Bench:
    """A task with everything that its systems share.

    Attributes:
        task: What is compared.
        store: Where runs lie.
        cache: Folder of text vectors.
        trials: Settings tried for each baseline.
        progress: Told about long work.
    """

    task: Task
    store: Store
    cache: Path
    trials: int
    progress: Progress

    def config(self, seed: int = 0) -> EvaluationConfig:
        """Settings of tuning and of the comparison, on the view that counts for the task."""
        return EvaluationConfig(
            protocol=self.task.protocol, window_days=self.task.days or 28.0, ks=self.task.ks, views=self.task.views,
            baselines=(), trials=self.trials, tuning_k=self.task.tuning_k, tuning_view=self.task.tuning_view, seed=seed,
            memory_limit_gb=8.0,
        )  # fmt: skip

    @cached_property
    def items(self) -> pl.DataFrame:
        """The items as baselines read them: the title is all the text that the towers see, too."""
        return self.task.items.with_columns(title=pl.Series(self.task.texts))

    @cached_property
    def validation(self) -> Validation:
        """What baselines are tuned by."""
        return validation_of(self.task.split, self.items, self.config(), list(KINDS))

    @cached_property
    def popularity(self) -> Recommends:
        """Tuned popularity: what every system gives to a user without history, as a shop would."""
        return self.fitted("popularity", 0)

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Of the items' texts, (N, T)."""
        return self.embed(self.task.texts)

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Text vectors of the package's default model."""
        return open_embedder(TextConfig(), self.cache, self.progress).embed(texts)

    def fitted(self, name: str, seed: int) -> Recommends:
        """A baseline with its tuned setting, trained on everything before the cut."""
        setting = self.tuned(name)["setting"]
        return build(name, setting, self.config(seed), self.embed).fit(self.task.split.train, self.items)

    def tuned(self, name: str) -> dict[str, Any]:
        """The chosen setting and all trials; searched for once."""
        file = self.store.folder / "tuned" / f"{name}.json"
        if not file.exists():
            start = perf_counter()
            embed = self.embed if name in READING else None
            setting, trials = tune(name, self.validation, self.config(), self.progress, embed)
            found = {
                "setting": setting, "trials": trials.to_dicts(), "budget": self.trials,
                "seconds": perf_counter() - start, "view": self.task.tuning_view, "k": self.task.tuning_k,
            }  # fmt: skip
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(found, indent=1))
        stored: dict[str, Any] = json.loads(file.read_text())
        return stored

    def with_popularity(self, system: Recommends) -> Recommends:
        """The system, and popularity for users without history."""
        return WithPopularity(system, self.popularity)

    def keep(self, run: Run, system: Recommends, kind: str = PLAIN) -> float:
        """Store a system's lists for all users of the task.

        Returns:
            Milliseconds for each list.
        """
        users: Sequence[str] = self.task.users.to_list()
        start = perf_counter()
        for filtered in self.task.filters:
            run.keep(system.recommend(users, max(self.task.ks), filter_viewed=filtered), kind, filter_viewed=filtered)
        return 1e3 * (perf_counter() - start) / (len(users) * len(self.task.filters))


def run_baseline(bench: Bench, name: str, seed: int) -> None:
    """Tune where that has not been done, fit, store; a baseline without chance has one run only."""
    run = bench.store.run(name, seed)
    if run.done or (seed and name not in SEEDED):
        return
    tuned = bench.tuned(name)
    start = perf_counter()
    fitted = bench.fitted(name, seed)
    seconds = perf_counter() - start
    ms = bench.keep(run, fitted if name == "popularity" else bench.with_popularity(fitted))
    facts = {
        "system": name, "seed": seed, "kind": "baseline", "setting": tuned["setting"], "train_s": seconds,
        "tuning_s": tuned["seconds"], "trials": tuned["budget"], "ms_per_user": {PLAIN: ms}, "mb": size_mb(fitted),
        "validation_in_training": True,
    }  # fmt: skip
    run.finish(facts)
