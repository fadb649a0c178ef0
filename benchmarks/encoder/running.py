"""Each row: trained where that has not been done, served at every width that it has, its lists kept."""

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from benchmarks.encoder.rows import MAIN, NARROWED, WIDTHS
from benchmarks.quality.store import PLAIN, Run
from benchmarks.quality.tasks import KINDS, Task
from benchmarks.quality.tuned import Bench
from intentrec.encoder import Encoder, EncoderConfig, fit
from intentrec.encoder.encoding import Coder
from intentrec.encoder.retriever import Served

_SAMPLED_USERS = 500


def sampled(task: Task, n: int) -> Task:
    """The task with at most so many test users, drawn once for all; what is learned from stays whole."""
    users = task.users
    if len(users) <= n:
        return task
    drawn = np.random.default_rng(0).choice(len(users), size=n, replace=False)
    kept = pl.DataFrame({"user_id": users.gather(np.sort(drawn))})
    return replace(task, split=replace(task.split, targets=task.split.targets.join(kept, on="user_id", how="semi")))


def impressions_of(data: Path, task: Task) -> pl.DataFrame | None:
    """What users were shown before the cut, under the ids of the task; None where the log does not say."""
    if task.name != "completejourney":
        return None
    folder = data if (data / "impressions.parquet").exists() else data / task.name
    concepts = pl.read_parquet(folder / "items.parquet").select("item_id", concept=pl.col("concept_id").cast(pl.String))
    rows = pl.read_parquet(folder / "impressions.parquet").join(concepts, on="item_id")
    time = pl.from_epoch(pl.col("timestamp"), "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    shown = rows.select("user_id", time.alias("timestamp"), pl.col("concept").alias("item_id"), "clicked")
    return shown.filter(pl.col("timestamp") < task.as_of)


def run_row(
    bench: Bench, name: str, config: EncoderConfig, impressions: pl.DataFrame | None, *, seed: int, device: str
) -> None:
    """Train and store one row, and one more for each narrower width."""
    run = bench.store.run(name, seed)
    widths = [bench.store.run(f"{name}-{share:g}", seed) for share in config.widths[1:]]
    if all(each.done for each in (run, *widths)):
        return
    run.folder.mkdir(parents=True, exist_ok=True)
    start = perf_counter()
    encoder = fit(
        bench.task.split.train, bench.task.items, as_of=bench.task.as_of, kinds=KINDS, config=config,
        impressions=impressions, seed=seed, device=device, progress=bench.progress, checkpoint=run.checkpoint,
    )  # fmt: skip
    spent = perf_counter() - start
    coder = encoder.coder(run.folder / "vectors", bench.progress)
    for share, each in zip(config.widths, (run, *widths), strict=True):
        _keep(bench, each, encoder.at_width(share), coder, impressions, seed=seed, train_s=spent)
    if name == MAIN:
        encoder.save(run.folder / "encoder")
    run.checkpoint.unlink(missing_ok=True)


def run_narrowed(bench: Bench, impressions: pl.DataFrame | None, *, seed: int, device: str) -> None:
    """Store the narrower widths of the full encoder once more, by learned maps; the model is not trained again."""
    main = bench.store.run(MAIN, seed)
    runs = {share: bench.store.run(f"{NARROWED}-{share:g}", seed) for share in WIDTHS[1:]}
    if not main.done or all(run.done for run in runs.values()):
        return
    encoder = Encoder.load(main.folder / "encoder", device)
    coder = encoder.coder(main.folder / "vectors", bench.progress)
    reading = encoder.reading(bench.task.split.train, bench.task.items, bench.task.as_of, impressions=impressions)
    steps = encoder.config.model_copy(update={"narrow_steps": EncoderConfig().narrow_steps})
    narrowed = replace(encoder, config=steps).narrowed(reading, coder, seed)
    for share, run in runs.items():
        run.folder.mkdir(parents=True, exist_ok=True)
        _keep(bench, run, narrowed.at_width(share), coder, impressions, seed=seed, train_s=main.facts()["train_s"])


def _keep(
    bench: Bench, run: Run, encoder: Encoder, coder: Coder, impressions: pl.DataFrame | None, *, seed: int,
    train_s: float,
) -> None:  # fmt: skip
    task, start = bench.task, perf_counter()
    before = coder.n_encoded, coder.n_tokens
    served = Served.of(
        encoder, task.split.train, task.items, task.as_of, coder=coder, users=task.users.to_list(),
        impressions=impressions,
    )  # fmt: skip
    encoding = perf_counter() - start
    ms = bench.keep(run, bench.with_popularity(served))
    run.finish(
        {
            "system": run.folder.parent.name, "seed": seed, "kind": "encoder", "setting": _said(encoder.config),
            "trials": 1, "train_s": train_s, "encoding_s": encoding, "encoded": coder.n_encoded - before[0],
            "encoded_tokens": coder.n_tokens - before[1], "ms_per_user": {PLAIN: ms},
            "mb": served.index.vectors.nbytes / 2e6, "validation_in_training": False, "device": encoder.device,
            "history": [vars(epoch) for epoch in encoder.history], "config": encoder.config.model_dump(mode="json"),
            **of_popularity(served, task),
        }
    )  # fmt: skip


def of_popularity(served: Served, task: Task) -> dict[str, Any]:
    """How scores go with popularity: Pearson's correlation over pairs of sampled users and items that had an event."""
    counts = dict(task.split.train.group_by("item_id").agg(pl.col("user_id").n_unique()).rows())
    popularity = np.array([counts.get(item, 0) for item in served.index.ids.tolist()], dtype=np.float64)
    scores = served.vectors[:_SAMPLED_USERS] @ served.index.vectors[popularity > 0].T
    known = np.broadcast_to(popularity[popularity > 0], scores.shape)
    by_log = np.corrcoef(scores.ravel(), np.log(known).ravel())[0, 1]
    return {"popularity_r": float(np.corrcoef(scores.ravel(), known.ravel())[0, 1]), "log_popularity_r": float(by_log)}


def _said(config: EncoderConfig) -> dict[str, Any]:
    names = ("model", "loss", "hard_negatives", "numbers", "pooling", "history", "logq", "served_width", "max_pairs")
    return {name: getattr(config, name) for name in names} | {"epochs": config.epochs}
