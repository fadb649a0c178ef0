"""What the tag channel is worth: `python -m benchmarks.tag_channel [--beauty FOLDER] [--dir FOLDER] [--out FILE]`.

The demo's shop (UCI Online Retail) or Amazon Beauty as of one evaluation window before its end, tags made by rules (no
language model). The vectors of one training are served with other weights of user against tags, with and without
variety; beside them stand towers trained without L_cate and with the other kind of tag tower. All are measured on the
window. Prints Markdown, and writes the whole evaluation as JSON to FILE. `--dir` may name a workspace that is there.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console

from benchmarks.quality.tasks import FOLDERS, load
from intentrec.cli.bars import RichProgress
from intentrec.config import Config, load_config, template
from intentrec.data import global_time
from intentrec.data.demo import demo_files
from intentrec.evaluation import Evaluation, Extras, evaluate
from intentrec.pipeline.daily import open_day
from intentrec.pipeline.day import Day
from intentrec.pipeline.evaluation import UNTIL_TOWERS
from intentrec.pipeline.ingest import ingest_files
from intentrec.pipeline.inputs import day_after_last, load_inputs
from intentrec.pipeline.ranker import Ranker
from intentrec.progress import Progress
from intentrec.workspace import CONFIG_FILE, Workspace

BEAUTY = {
    "towers": {"parts": ["pooled", "memory", "fresh"], "tag_tower": "text"},
    "evaluation": {"window_days": 90.0},
}
"""Settings that Beauty's shop departs in: few events a day, many new items."""

METRICS = ("recall@10", "recall@100", "ndcg@10", "category_diversity@10", "diversity@10", "novelty@10", "gini@100")


def systems_of(ranker: Ranker) -> dict[str, Ranker]:
    """One ranker with other weights and with other settings of variety."""
    plain = ranker.config.model_copy(update={"diversity": 0.0})
    found = {"fitted beta": ranker, "fitted beta, no variety": replace(ranker, config=plain)}
    for beta in (0.0, 0.5, 1.0):
        name = "no tags (beta 1)" if beta == 1.0 else f"beta {beta:g}"
        found[name] = replace(ranker, betas=np.full_like(ranker.betas, beta))
    found["no tags, no variety"] = replace(ranker, betas=np.ones_like(ranker.betas), config=plain)
    found["tags, no memory"] = replace(ranker, remembered=None)
    return {name: replace(system, name=name) for name, system in found.items()}


def trained_otherwise(config: Config) -> dict[str, Config]:
    """The settings of further trainings by name."""
    other = "text" if config.towers.tag_tower == "words" else "words"
    changes: dict[str, dict[str, object]] = {
        "trained without L_cate": {"alpha": 1.0},
        f"tag tower of {other}": {"tag_tower": other},
    }
    return {
        name: config.model_copy(update={"towers": config.towers.model_copy(update=change)})
        for name, change in changes.items()
    }


def measured(
    day: Day, systems: Mapping[str, Ranker], workspace: Workspace, cut: datetime, window: timedelta
) -> Evaluation:
    """All of them on the window after the cut."""
    config = day.tools.config
    kinds = config.events.named("intent")
    split = global_time(workspace.read("events"), cut, window, kinds)
    split = replace(split, train=config.events.weigh(split.train))
    items = day.table("catalogue").select("item_id", "category", "name")
    vectors = pl.Series(day.tools.embedder.embed(items["name"].fill_null("").to_list()))
    settings = config.evaluation.model_copy(update={"baselines": (), "ks": (10, 100)})
    extras = Extras(vectors=pl.DataFrame({"item_id": items["item_id"], "vector": vectors}), tags=day.table("tags"))
    return evaluate(dict(systems), split, items, settings, kinds=kinds, extras=extras)


def to_markdown(found: Evaluation) -> str:
    """A row for each system and view."""
    lines = ["| system | view | " + " | ".join(METRICS) + " |", "|---" * (len(METRICS) + 2) + "|"]
    summary = found.summary.filter(pl.col("stratum") == "everyone")
    for (system, view), rows in summary.group_by(["system", "view"], maintain_order=True):
        values = dict(rows.select("metric", "value").iter_rows())
        cells = [f"{values[name]:.4f}" if name in values else "" for name in METRICS]
        lines.append(f"| {system} | {view} | " + " | ".join(cells) + " |")
    lines += ["", "Against the list without tags (paired bootstrap, Holm):", ""]
    against = found.comparisons.filter(
        pl.col("against").is_in(["no tags (beta 1)", "no tags, no variety"]),
        pl.col("metric").is_in(["recall@10", "recall@100", "category_diversity@10"]),
        pl.col("stratum") == "everyone",
    )
    for row in against.iter_rows(named=True):
        lines.append(
            f"- {row['system']} against {row['against']}, {row['view']}, {row['metric']}: {row['difference']:+.4f} "
            f"[{row['low']:+.4f}, {row['high']:+.4f}], p {row['p_holm']:.3f}"
        )
    return "\n".join(lines)


def shop(folder: Path, beauty: Path | None, progress: Progress) -> tuple[Workspace, Config]:
    """The workspace in a folder; where there is none, the demo's shop or that of Beauty."""
    there = (folder / CONFIG_FILE).exists()
    settings = BEAUTY if beauty else {}
    workspace = Workspace(folder) if there else Workspace.create(folder, template(settings))
    config = load_config(workspace.config_file)
    if not there:
        files = demo_files() if beauty is None else beauty_files(beauty, folder)
        listed = {name: [path] for name, path in files.items()}
        ingest_files(workspace, config, listed, now=datetime(2015, 1, 1, tzinfo=UTC), progress=progress)
    return workspace, config


def beauty_files(data: Path, out: Path) -> dict[str, Path]:
    """Items and events of Amazon Beauty as a shop would give them; categories are the first three steps of the path.

    Args:
        data: Folder of the log, or the one above it.
        out: Where the files are written.
    """
    task = load(data, "beauty", "time")
    folder = data if (data / "items.parquet").exists() else data / FOLDERS["beauty"]
    steps = pl.col("description").str.split(" | ").list.last().str.split(" > ")
    named = pl.when(steps.list.len() > 1).then(steps.list.head(3).list.join(" > ")).otherwise(pl.col("category"))
    items = pl.read_parquet(folder / "items.parquet").select("item_id", "title", "brand", category=named)
    files = {"items": out / "beauty-items.parquet", "events": out / "beauty-events.parquet"}
    items.join(task.items.select("item_id", "created_at"), on="item_id").write_parquet(files["items"])
    events = pl.concat([task.split.train, task.split.later]) if task.split.later is not None else task.split.train
    events.sort("row").select("user_id", "item_id", "timestamp", "event").write_parquet(files["events"])
    return files


def main() -> None:
    """Train once, serve many ways, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beauty", type=Path, help="take Amazon Beauty from this folder instead of the demo's shop")
    parser.add_argument("--dir", type=Path, help="keep the workspace here and use it again")
    parser.add_argument("--out", type=Path, help="write the evaluation as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, RichProgress(Console(stderr=True)) as progress:
        workspace, config = shop(given.dir or Path(temporary) / "shop", given.beauty, progress)
        window = timedelta(days=config.evaluation.window_days)
        cut = day_after_last(workspace.read("events")) - window
        inputs = load_inputs(workspace, cut)
        with workspace.writing(), open_day(workspace, config, inputs, frozenset(), progress) as day:
            day.run(UNTIL_TOWERS)
            systems = systems_of(day.ranker())
            for name, other in trained_otherwise(config).items():
                with open_day(workspace, other, inputs, frozenset(), progress) as again:
                    again.run(UNTIL_TOWERS)
                    systems[name] = replace(again.ranker(), name=name)
            found = measured(day, systems, workspace, cut, window)
    print(to_markdown(found))
    if given.out:
        given.out.write_text(json.dumps(found.to_json(), ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    main()
