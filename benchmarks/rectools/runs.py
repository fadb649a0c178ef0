"""Runs of the worker: each once, and never again where its result lies there."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.rectools.exchange import Exchange
from benchmarks.rectools.settings import Settings, trials_of
from intentrec.errors import DataError, IntentrecError

ROOT = Path(__file__).parents[2]
_LOG_LINES = 15

# Threads that spin, and memory that is handed back after every step, cost more than the work on a busy machine.
_SURROUNDINGS = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
}


@dataclass(frozen=True)
class Worker:
    """How a run is started.

    Attributes:
        python: Interpreter with RecTools, of `environment.python_of`.
        k: Length of the lists that each run writes; 0 for none.
        filters: Which lists: without the items of the history (True), with them (False), or both.
        nice: Added to the niceness.
    """

    python: Path
    k: int = 100
    filters: tuple[bool, ...] = (True,)
    nice: int = 5

    def run(self, exchange: Exchange, settings: Settings) -> dict[str, Any]:
        """The result of this run, from its file where it has finished before.

        Raises:
            DataError: It has finished with other lists than are wanted.
            IntentrecError: The worker failed; the message holds the end of its log.
        """
        folder = exchange.folder / settings.key
        job = {
            "settings": asdict(settings), "validate": exchange.validates, "k": self.k, "filters": list(self.filters),
        }  # fmt: skip
        finished = exchange.result(settings.key)
        if finished is not None:
            _check_same(folder, job)
            return finished
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "job.json").write_text(json.dumps(job, indent=1))
        surroundings = os.environ | _SURROUNDINGS | {"OMP_NUM_THREADS": str(settings.threads)}
        command = [str(self.python), "-m", "benchmarks.rectools.worker.main", str(folder.resolve())]
        with (folder / "log.txt").open("w") as log:
            done = subprocess.run(
                ["nice", "-n", str(self.nice), *command],
                cwd=ROOT,
                env=surroundings,
                stdout=log,
                stderr=log,
                check=False,
            )
        found = exchange.result(settings.key)
        if done.returncode or found is None:
            end = "\n".join((folder / "log.txt").read_text().splitlines()[-_LOG_LINES:])
            raise IntentrecError(f"Training {settings.key} failed with code {done.returncode}:\n{end}")
        return found

    def tune(self, exchange: Exchange, base: Settings, space: dict[str, tuple[Any, ...]], trials: int) -> Settings:
        """The best of some settings by validation NDCG@10, with `epochs` set to its best epoch.

        Args:
            exchange: With validation.
            base: Always tried, first; its seed serves all trials.
            space: Knob -> values.
            trials: Most settings to try.
        """
        if not exchange.validates:
            raise DataError(f"{exchange.folder} has no validation items to tune by.")
        tried = [(settings, self.run(exchange, settings)) for settings in trials_of(base, space, trials)]
        settings, result = max(tried, key=lambda pair: best_validation(pair[1])["ndcg@10"])
        return replace(settings, epochs=int(result["best_epoch"]))


def best_validation(result: dict[str, Any]) -> dict[str, float]:
    """The row of the best epoch of a run with validation."""
    found: dict[str, float] = max(result["validation"], key=lambda row: row["ndcg@10"])
    return found


def tuned_then_trained(
    worker: Worker,
    folder: Path,
    base: Settings,
    *,
    parts: tuple[pl.DataFrame, pl.DataFrame],
    histories: pl.DataFrame,
    space: dict[str, tuple[Any, ...]],
    trials: int,
    seeds: Sequence[int],
) -> list[tuple[Exchange, Settings]]:
    """Settings and epochs found on held-out items, then training on all rows with them, once for each seed.

    Args:
        worker: That trains.
        folder: Gets train-only/ and train-and-valid/.
        base: The first settings tried.
        parts: What tuning learns from, and the held-out rows after it; both in the order of time.
        histories: Of the users to serve.
        space: Knob -> values.
        trials: Most settings to try.
        seeds: Of the trainings on all rows.

    Returns:
        Where each finished run lies: first the best trial, then one for each seed.
    """
    learned, held_out = parts
    first = Exchange.write(folder / "train-only", train=learned, validation=held_out, histories=histories)
    found = worker.tune(first, base, space, trials)
    best_trial = next(
        settings for settings in trials_of(base, space, trials) if replace(settings, epochs=found.epochs) == found
    )
    together = pl.concat([learned, held_out.select(learned.columns)])
    second = Exchange.write(folder / "train-and-valid", train=together, histories=histories)
    runs = [(first, best_trial)]
    for seed in seeds:
        settings = replace(found, seed=seed)
        worker.run(second, settings)
        runs.append((second, settings))
    return runs


def _check_same(folder: Path, job: dict[str, Any]) -> None:
    stored = json.loads((folder / "job.json").read_text())
    differing = [name for name in ("validate", "k", "filters") if stored[name] != job[name]]
    if differing:
        was = {name: stored[name] for name in differing}
        raise DataError(f"{folder} was finished with {was}; choose another folder for other lists.")
