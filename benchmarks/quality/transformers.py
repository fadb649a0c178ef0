"""Lists of RecTools' transformers (benchmarks.rectools), made elsewhere on the same data."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.quality.tasks import Task
from benchmarks.quality.tuned import Bench
from benchmarks.rectools.exchange import Exchange
from benchmarks.rectools.runs import best_validation
from benchmarks.rectools.settings import Settings
from benchmarks.rectools.system import RecToolsSystem
from intentrec.errors import DataError

MODELS = ("sasrec", "sasrec-ss", "esasrec", "bert4rec")
PREFIX, LESS = "rectools-", "-train-only"
NAMES = tuple(f"{PREFIX}{model}{end}" for model in MODELS for end in ("", LESS))
"""As trained on training and validation rows together, and as stopped on the validation rows."""


def take_over(bench: Bench, folder: Path, name: str) -> list[int]:
    """Copy the finished lists of a model with all its seeds, wrapped for users without history.

    Args:
        bench: Of the task that the lists were made for.
        folder: Of `benchmarks.rectools`, with train-only/ and train-and-valid/.
        name: One of `NAMES`.

    Returns:
        Seeds that were taken.

    Raises:
        DataError: The lists were made on other data, or are shorter than this task's.
    """
    model = name.removeprefix(PREFIX).removesuffix(LESS)
    first, second = Exchange(folder / "train-only"), Exchange(folder / "train-and-valid")
    tried = _finished(first, model)
    if not tried:
        return []
    best = max(tried, key=lambda settings: best_validation(tried[settings])["ndcg@10"])
    if name.endswith(LESS):
        exchange, runs = first, {best: tried[best]}
    else:
        wanted = replace(best, epochs=int(tried[best]["best_epoch"]), seed=0)
        found = _finished(second, model) if second.folder.exists() else {}
        exchange, runs = second, {own: facts for own, facts in found.items() if replace(own, seed=0) == wanted}
    if runs:
        _check_data(exchange, bench.task)
    for settings, result in runs.items():
        _keep(bench, exchange, name, settings, result, len(tried))
    return sorted(settings.seed for settings in runs)


def _finished(exchange: Exchange, model: str) -> dict[Settings, dict[str, Any]]:
    found = {}
    for file in sorted(exchange.folder.glob("*/result.json")):
        result = json.loads(file.read_text())
        settings = Settings.of(result["settings"])
        if settings.model == model and settings.key == file.parent.name and not settings.limit_steps:
            found[settings] = result
    return found


def _keep(bench: Bench, exchange: Exchange, name: str, settings: Settings, result: dict[str, Any], trials: int) -> None:
    run = bench.store.run(name, settings.seed)
    if run.done:
        return
    job = json.loads((exchange.folder / settings.key / "job.json").read_text())
    lacking = [filtered for filtered in bench.task.filters if filtered not in job["filters"]]
    if job["k"] < max(bench.task.ks) or lacking:
        raise DataError(
            f"{settings.key} has lists of {job['k']} with filters {job['filters']}; this task needs "
            f"{max(bench.task.ks)} with {list(bench.task.filters)}."
        )
    system = RecToolsSystem.of(name, exchange, settings.key, filters=bench.task.filters, k=job["k"])
    bench.keep(run, bench.with_popularity(system))
    run.finish(
        {
            "system": name, "seed": settings.seed, "kind": "rectools", "setting": asdict(settings),
            "train_s": result["training_seconds"], "trials": trials, "ms_per_user": {}, "mb": None,
            "epochs": result["best_epoch"], "validation_in_training": not exchange.validates,
            "rectools": {key: value for key, value in result.items() if key not in ("settings", "validation")},
        }
    )  # fmt: skip


def _check_data(exchange: Exchange, task: Task) -> None:
    """Refuse lists for other histories than the task's."""
    stored = pl.read_parquet(exchange.folder / "data" / "histories.parquet").select("user_id", "item_id")
    own = task.split.train.select("user_id", "item_id")
    asked = own.join(task.split.targets, on="user_id", how="semi")
    theirs = stored.join(task.split.targets, on="user_id", how="semi")
    if not asked.sort("user_id", "item_id").equals(theirs.sort("user_id", "item_id")):
        raise DataError(f"The lists in {exchange.folder} were made for other histories than those of {task.key}.")
