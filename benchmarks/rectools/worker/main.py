"""Trains one model and writes its lists: `python -m benchmarks.rectools.worker.main JOB`.

JOB is a folder with job.json, written by `benchmarks.rectools.runs`. result.json is written last: where it is, the run
is finished.
"""

import json
import platform
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from pytorch_lightning import seed_everything
from rectools import Columns
from rectools.dataset import Dataset

from benchmarks.rectools.settings import Settings
from benchmarks.rectools.worker.models import built
from benchmarks.rectools.worker.watching import Clock, Validation

PACKAGES = ("rectools", "torch", "pytorch-lightning", "numpy", "pandas", "pyarrow")


def main(folder: Path) -> None:
    """Do the job in the folder."""
    job = json.loads((folder / "job.json").read_text())
    settings = Settings.of(job["settings"])
    torch.set_num_threads(settings.threads)
    warnings.simplefilter("ignore")  # RecTools' own pins are old, and both it and lightning say so at every step
    seed_everything(settings.seed)
    data = folder.parent / "data"
    train = pd.read_parquet(data / "train.parquet")
    clock, validation = Clock(), None
    if job["validate"]:
        targets = pd.read_parquet(data / "validation.parquet")
        validation = Validation(train, targets, settings.validate_every, settings.patience)
    model = built(settings, [clock] if validation is None else [clock, validation])
    start = time.perf_counter()
    model.fit(dataset_of(train))
    seconds = time.perf_counter() - start
    # RecTools trains a copy of its trainer, so the callbacks that saw anything are the copies.
    seen = {type(callback).__name__: callback for callback in model.fit_trainer.callbacks}
    if validation is not None:
        model.lightning_model.load_state_dict(seen["Validation"].state)
    result = report(settings, seen["Clock"], seen.get("Validation"), seconds)
    if job["k"]:
        result["recommend_seconds"] = write_lists(model, data, folder, job)
    partial = folder / "result.json.partial"
    partial.write_text(json.dumps(result, indent=1))
    partial.replace(folder / "result.json")


def report(settings: Settings, clock: Any, validation: Any, seconds: float) -> dict[str, Any]:
    """What the run took and found, as JSON."""
    positions, trained = sum(clock.positions), sum(clock.seconds)
    return {
        "settings": vars(settings),
        "epochs": len(clock.seconds),
        "best_epoch": len(clock.seconds) if validation is None else validation.best["epoch"],
        "validation": [] if validation is None else validation.rows,
        "losses": clock.losses,
        "steps": clock.steps,
        "fit_seconds": seconds,
        "training_seconds": trained,
        "training_cpu_seconds": sum(clock.cpu_seconds),
        "positions_per_epoch": clock.positions[0],
        "positions_per_second": positions / trained,
        "positions_per_cpu_second": positions / sum(clock.cpu_seconds),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
    }


def dataset_of(rows: pd.DataFrame) -> Dataset:
    """RecTools' form of user_id, item_id; the order of the rows becomes their time, so that ties stay as they are."""
    return Dataset.construct(
        pd.DataFrame(
            {
                Columns.User: rows["user_id"],
                Columns.Item: rows["item_id"],
                Columns.Weight: 1.0,
                Columns.Datetime: pd.Timestamp("2000-01-01") + pd.to_timedelta(range(len(rows)), unit="s"),
            }
        )
    )


def write_lists(model: Any, data: Path, folder: Path, job: dict[str, Any]) -> float:
    """Lists of all users of histories.parquet, by RecTools' own `recommend`; the seconds of the filtered ones."""
    histories = dataset_of(pd.read_parquet(data / "histories.parquet"))
    users = histories.user_id_map.external_ids
    taken = 0.0
    for filtered in job["filters"]:
        start = time.perf_counter()
        lists = model.recommend(
            users, histories, job["k"], filter_viewed=filtered, on_unsupported_targets="ignore"
        )  # fmt: skip
        taken = time.perf_counter() - start if filtered or not taken else taken
        lists = lists[[Columns.User, Columns.Rank, Columns.Item, Columns.Score]]
        lists[Columns.Rank] = lists[Columns.Rank].astype("uint32")
        lists[Columns.Score] = lists[Columns.Score].astype("float32")
        lists.to_parquet(folder / ("unseen.parquet" if filtered else "all.parquet"), index=False)
    return taken


if __name__ == "__main__":
    main(Path(sys.argv[1]))
