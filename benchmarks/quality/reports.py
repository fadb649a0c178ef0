"""Tables of everything that was kept: one comparison for each task, every row against one reference."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.quality.store import PLAIN, VARIED, Run, Store, Stored, versions
from benchmarks.quality.tables import markdown
from benchmarks.quality.tasks import KINDS, Task, load
from benchmarks.quality.transformers import NAMES
from benchmarks.quality.tuned import BASELINES, Bench
from benchmarks.quality.variants import MAIN, variants_of
from intentrec.evaluation import Evaluation, Extras, Recommends, Seeded, evaluate
from intentrec.evaluation.frames import COSTS_SCHEMA
from intentrec.evaluation.significance import holm
from intentrec.progress import SILENT


@dataclass(frozen=True)
class Row:
    """One line of the tables: the runs of a system, one a seed, and which of their lists."""

    name: str
    runs: Mapping[int, Run]
    kind: str

    def system(self) -> Recommends | Seeded:
        """As an evaluation takes it."""
        seeds = tuple(self.runs)
        if len(seeds) == 1:
            return self.stored(seeds[0])
        return Seeded(self.stored, seeds)

    def stored(self, seed: int) -> Stored:
        """The lists of one seed."""
        return self.runs[seed].system(self.kind)

    def facts(self) -> list[dict[str, Any]]:
        """What each run says of itself."""
        return [run.facts() for run in self.runs.values()]


def report(
    out: Path, command: str, *, datasets: Sequence[str] = (), only: Sequence[str] = (), name: str = "report",
    samples: int = 2000,
) -> list[Path]:  # fmt: skip
    """Evaluate what was kept and write `name`.md, .json, .parquet (values of users) and, where it can be, .html.

    Args:
        out: Folder of all tasks.
        command: That made the tables.
        datasets: Folders within `out`; all by default.
        only: Systems, the reference first; by default all but the variants that an ablation compares.
        name: Of the files.
        samples: Draws of the bootstrap.

    Returns:
        The Markdown files.
    """
    written = []
    for file in sorted(out.glob("*/task.json")):
        if datasets and file.parent.name not in datasets:
            continue
        about = json.loads(file.read_text())
        task = load(Path(about["data"]), about["dataset"], about["protocol"], about["users"])
        store = Store.open(out, task, about)
        rows = rows_of(store, task, only)
        if not rows:
            print(f"{task.key}: no finished runs", flush=True)
            continue
        bench = Bench(task, store, out / "cache", 1, SILENT)
        found = compared(bench, rows, command, samples)
        written.append(_write(store.folder / name, found, rows, task))
        print(f"{task.key}: {written[-1]}", flush=True)
    return written


def rows_of(store: Store, task: Task, only: Sequence[str] = ()) -> list[Row]:
    """The rows in their order: the reference, the same with variety, then as named."""
    runs = store.runs()
    usual = [MAIN, *(name for name in variants_of(task) if name.startswith(f"{MAIN}-")), *NAMES, *BASELINES]
    rows = []
    for name in only or usual:
        if name in runs:
            rows.append(Row(name, runs[name], PLAIN))
            if name == MAIN and all(VARIED in run.kinds() for run in runs[name].values()):
                rows.append(Row(f"{name}, varied", runs[name], VARIED))
    return rows


def compared(bench: Bench, rows: Sequence[Row], command: str, samples: int, *, every_pair: bool = False) -> Evaluation:
    """All rows side by side, tested against the first, or each against each other."""
    task = bench.task
    config = bench.config().model_copy(update={"samples": samples})
    vectors = pl.DataFrame({"item_id": task.items["item_id"], "vector": bench.vectors})
    about = {
        "command": command, "data": f"{task.name} {task.version}", "cut": task.as_of.isoformat(),
        "seeds": "; ".join(f"{row.name}: {', '.join(map(str, row.runs))}" for row in rows),
        **versions(),
    }  # fmt: skip
    systems = {row.name: row.system() for row in rows}
    extras = Extras(vectors=vectors, about=about)
    found = evaluate(systems, task.split, task.items, config, kinds=list(KINDS), extras=extras)
    if every_pair:
        return replace(found, costs=costs(rows))
    note = f"Tests compare {rows[0].name} with each other row; Holm's correction is over these pairs."
    return replace(
        found, comparisons=against(found.comparisons, rows[0].name), costs=costs(rows), notes=[*found.notes, note]
    )


def against(comparisons: pl.DataFrame, reference: str) -> pl.DataFrame:
    """The comparisons of one system, corrected for each other and for nothing else."""
    kept = comparisons.filter(pl.col("system") == reference)
    keys = ["view", "stratum", "metric"]
    parts = [kept.head(0)]
    for part in kept.partition_by(keys, maintain_order=True):
        parts.append(
            part.with_columns(
                p_holm=pl.Series(holm(part["p"].to_numpy())),
                p_wilcoxon_holm=pl.Series(holm(part["p_wilcoxon"].to_numpy())),
            )
        )
    return pl.concat(parts)


def costs(rows: Sequence[Row]) -> pl.DataFrame:
    """What the runs say they cost, means over seeds."""
    found = []
    for row in rows:
        facts = row.facts()
        ms = [each["ms_per_user"].get(row.kind) for each in facts]
        found.append(
            {
                "system": row.name, "train_s": _mean([each["train_s"] for each in facts]), "ms_per_user": _mean(ms),
                "mb": _mean([each["mb"] for each in facts]),
            }
        )  # fmt: skip
    return pl.DataFrame(found, schema=COSTS_SCHEMA)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _write(base: Path, found: Evaluation, rows: Sequence[Row], task: Task) -> Path:
    facts = {row.name: row.facts() for row in rows}
    base.with_suffix(".json").write_text(json.dumps({**found.to_json(), "runs": facts}, indent=1, default=str))
    found.per_user.write_parquet(base.with_suffix(".parquet"))
    to_html = getattr(found, "to_html", None)
    if to_html is not None:
        base.with_suffix(".html").write_text(to_html(), "utf-8")
    target = base.with_suffix(".md")
    target.write_text(markdown(found, facts, task), "utf-8")
    return target
