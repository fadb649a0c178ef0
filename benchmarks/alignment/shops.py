"""The shops that writers are compared on, each cut one evaluation window before its end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import polars as pl

from benchmarks.quality.tasks import load
from intentrec.alignment.data.mixing import is_held_out
from intentrec.config import Config, load_config, template
from intentrec.data.demo import demo_files
from intentrec.pipeline.chain import Tools
from intentrec.pipeline.ingest import ingest_files
from intentrec.pipeline.inputs import Inputs, day_after_last, load_inputs
from intentrec.progress import Progress
from intentrec.text.embeddings import open_embedder
from intentrec.workspace import CONFIG_FILE, Workspace

SHOPS = ("online-retail", "completejourney")
_INGESTED = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Shop:
    """A workspace, and what was known in it before the window.

    Attributes:
        targets: user_id, item_id, timestamp of what was bought in the window.
        users: Who bought before and in the window, and whom `intentrec align` trains no model on, by a hash.
    """

    name: str
    workspace: Workspace
    config: Config
    inputs: Inputs
    targets: pl.DataFrame
    users: tuple[str, ...]

    def tools(self, progress: Progress) -> Tools:
        """For stages without a model."""
        embedder = open_embedder(self.config.text, self.workspace.cache, progress)
        return Tools(self.config, embedder, None, None, progress)


def open_shop(name: str, folder: Path, data: Path | None, progress: Progress) -> Shop:
    """The shop's workspace in a folder, made where it is not there.

    Args:
        name: One of `SHOPS`.
        folder: Of the workspace.
        data: Where the log of completejourney lies; the other one comes with the package.
        progress: Told about the ingestion.
    """
    there = (folder / CONFIG_FILE).exists()
    workspace = Workspace(folder) if there else Workspace.create(folder, template({}))
    config = load_config(workspace.config_file)
    if not there:
        files = demo_files() if name == "online-retail" else _files(name, _given(data, name), folder)
        listed = {table: [path] for table, path in files.items()}
        ingest_files(workspace, config, listed, now=_INGESTED, progress=progress)
    events = workspace.read("events")
    window = timedelta(days=config.evaluation.window_days)
    cut = day_after_last(events) - window
    wished = events.filter(pl.col("event").is_in(config.events.named("intent")), pl.col("item_id").is_not_null())
    targets = wished.filter(pl.col("timestamp") >= cut).select("user_id", "item_id", "timestamp")
    known = wished.filter(pl.col("timestamp") < cut).select("user_id").unique()
    both = targets.select("user_id").unique().join(known, on="user_id")["user_id"].to_list()
    users = [user for user in both if is_held_out(user, config.alignment.data)]
    return Shop(name, workspace, config, load_inputs(workspace, cut), targets, tuple(sorted(users, key=_place)))


def _place(user: str) -> bytes:
    return sha256(user.encode()).digest()


def _given(data: Path | None, name: str) -> Path:
    if data is None:
        raise SystemExit(f"Give --data: the folder that holds the log of {name}.")
    return data


def _files(name: str, data: Path, out: Path) -> dict[str, Path]:
    """Items and events of a log as a shop would give them."""
    assert name == "completejourney"
    task = load(data, "completejourney", "time")
    files = {"items": out / "items.parquet", "events": out / "events.parquet"}
    task.items.select("item_id", "title", "category", "brand", "created_at").write_parquet(files["items"])
    events = task.split.train if task.split.later is None else pl.concat([task.split.train, task.split.later])
    events.sort("row").select("user_id", "item_id", "timestamp", "event").write_parquet(files["events"])
    return files
