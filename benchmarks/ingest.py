"""How long ten million events take from a Parquet file into a workspace, against what polars needs to order them.

python benchmarks/ingest.py [--rows 10000000] [--pairs 3] [--shuffled]

The reference reads the file, sorts by user and time and groups into one list a user; a second, quicker one sorts by
time only. The ingest reads, checks, numbers and stores the same file. Every measurement is a process of its own, the
kinds take turns, and the medians are compared. Times are of the work, without starting Python.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

USERS, ITEMS = 100_000, 50_000
KINDS, SHARES = ("view", "click", "favourite", "cart", "purchase"), (0.6, 0.2, 0.04, 0.08, 0.08)
START, YEAR = 1_600_000_000_000_000, 365 * 86_400_000_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MODES = ("polars", "polars-by-time", "check", "ingest")
LIMIT = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--shuffled", action="store_true", help="write the file in random order, not in time order")
    parser.add_argument("--mode", choices=MODES, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.mode:
        print(json.dumps(measure(arguments.mode, arguments.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.parquet"
        generated(arguments.rows, arguments.shuffled).write_parquet(file)
        print(f"{arguments.rows:,} events, {file.stat().st_size / 1e6:.0f} MB, {USERS:,} users, {ITEMS:,} items")
        report({mode: [] for mode in MODES}, file, arguments.pairs)


def generated(rows: int, shuffled: bool) -> pl.DataFrame:
    """A log with few very active users and few very popular items."""
    rng = np.random.default_rng(7)
    times = START + rng.integers(0, YEAR, rows)
    if not shuffled:
        times.sort()
    return pl.DataFrame(
        {
            "user_id": (rng.beta(0.6, 3, rows) * USERS).astype(np.int64),
            "timestamp": times,
            "event": pl.Series(rng.choice(len(KINDS), rows, p=SHARES)),
            "item_id": (rng.beta(0.5, 4, rows) * ITEMS).astype(np.int64),
            "value": rng.random(rows).round(2),
        }
    ).with_columns(
        pl.format("u{}", "user_id").alias("user_id"),
        pl.format("i{}", "item_id").alias("item_id"),
        pl.from_epoch("timestamp", "us").dt.replace_time_zone("UTC"),
        pl.col("event").replace_strict(dict(enumerate(KINDS)), return_dtype=pl.String),
    )


def report(found: dict[str, list[dict[str, float]]], file: Path, pairs: int) -> None:
    for _ in range(pairs):
        for mode in MODES:
            command = [sys.executable, __file__, "--mode", mode, "--file", str(file)]
            found[mode].append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    median = {
        mode: {name: statistics.median(run[name] for run in runs) for name in runs[0]} for mode, runs in found.items()
    }
    print(f"{'':16} {'wall s':>8} {'cpu s':>8} {'peak GB':>8} {'/ polars':>9} {'/ by-time':>10}")
    for mode, numbers in median.items():
        ratios = [numbers["wall"] / median[reference]["wall"] for reference in MODES[:2]]
        print(
            f"{mode:16} {numbers['wall']:8.2f} {numbers['cpu']:8.2f} {numbers['peak_gb']:8.2f} "
            f"{ratios[0]:9.2f} {ratios[1]:10.2f}"
        )
    print(f"ingest / polars = {median['ingest']['wall'] / median['polars']['wall']:.2f} (limit {LIMIT})")


def measure(mode: str, file: Path) -> dict[str, float]:
    work = {"polars": by_user, "polars-by-time": by_time, "check": checked, "ingest": ingest}[mode]
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        work(file, Path(folder), dry=True)
        wall, cpu = time.perf_counter(), time.process_time()
        work(file, Path(folder), dry=False)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def by_user(file: Path, folder: Path, dry: bool) -> None:
    if not dry:
        pl.read_parquet(file).sort("user_id", "timestamp").group_by("user_id", maintain_order=True).agg(pl.all())


def by_time(file: Path, folder: Path, dry: bool) -> None:
    if not dry:
        pl.read_parquet(file).sort("timestamp").group_by("user_id").agg(pl.all())


def checked(file: Path, folder: Path, dry: bool) -> None:
    from intentrec.data import DataConfig, EventsConfig, Known, check, number_rows, read

    if not dry:
        ids = pl.Series([f"i{n}" for n in range(ITEMS)])
        number_rows(check(read(file), "events", DataConfig(), EventsConfig(), Known(NOW, ids)).frame, 0)


def ingest(file: Path, folder: Path, dry: bool) -> None:
    from intentrec.config import load_config, template
    from intentrec.pipeline.ingest import ingest_files
    from intentrec.progress import SILENT
    from intentrec.workspace import Workspace

    if dry:
        workspace = Workspace.create(folder, template({}))
        items = folder / "items.parquet"
        names = [f"i{n}" for n in range(ITEMS)]
        pl.DataFrame({"item_id": names, "title": names}).write_parquet(items)
        ingest_files(workspace, load_config(workspace.config_file), {"items": [items]}, now=NOW, progress=SILENT)
        return
    workspace = Workspace(folder)
    ingest_files(workspace, load_config(workspace.config_file), {"events": [file]}, now=NOW, progress=SILENT)


if __name__ == "__main__":
    main()
