"""How soon a new item and a new event are served by the encoder, without training; run by `encoder_speed`.

A workspace holds the first 10,000 items of Amazon Beauty and what 1,000 users did with them. Its encoder is not trained
(vectors of an untrained one cost the same). The log has no prices, so they are made up: prompts hold the percentile of
an item's price among all prices. Everything is read once; then files come in.
"""

import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import torch

from benchmarks.quality.tasks import Task
from intentrec.config import Config, load_config, template
from intentrec.encoder import Encoder
from intentrec.encoder.config import EncoderConfig
from intentrec.pipeline.chain import Tools
from intentrec.pipeline.encoder import NearLine, near_line, remember, train_encoder
from intentrec.pipeline.ingest import ingest_files
from intentrec.pipeline.inputs import load_inputs
from intentrec.pipeline.steps import Steps
from intentrec.progress import SILENT
from intentrec.tables import CATALOGUE, IMPRESSIONS
from intentrec.text.embeddings import open_embedder
from intentrec.workspace import Workspace

N_ITEMS, N_USERS, LIMIT = 10_000, 1_000, 60.0
NEW, OWN_PROCESS = "new-serum", "new-cream"
PRICED = [f"new-balm-{number}" for number in range(20)]
"""Ids of the items that come in."""


@dataclass(frozen=True)
class Arrival:
    """How long something took from the start of its ingest until a list showed it.

    Attributes:
        seconds: All of it.
        ingest: Of these, until the rows were stored.
        n_encoded: Texts that ran through the model.
        found: Whether the lists are as they should be.
    """

    seconds: float
    ingest: float
    n_encoded: int
    found: bool


def freshness(task: Task, config: EncoderConfig, device: str) -> list[tuple[str, str, str, str, str]]:
    """Rows of the table of `encoder_speed`."""
    with TemporaryDirectory() as folder:
        shop = Shop.open(Path(folder) / "shop", task, config, device)
        shop.bring_up_to_date()
        load = shop.loading()
        rows = [_row("near-line, nothing new", shop.bring_up_to_date(), load, 0)]
        rows.append(_row("a new item without a price", shop.new_items([NEW]), load, 1))
        rows.append(_row("a new event of one user", shop.new_event(), load, 1))
        rows.append(
            _row(f"{len(PRICED)} new items with prices", shop.new_items(PRICED, made_prices(len(PRICED), 1)), load, 20)
        )
        rows.append(
            _row(
                "a new item, in a process of its own that starts and imports all",
                shop.in_a_process_of_its_own(),
                load,
                1,
            )
        )
    return rows


def _row(what: str, arrival: Arrival, load: float, texts: int) -> tuple[str, str, str, str, str]:
    holds = arrival.found and arrival.seconds < LIMIT and arrival.n_encoded == texts
    return (
        what,
        f"{arrival.seconds:.1f} s, {arrival.n_encoded:,} text(s)",
        f"of these: ingest {arrival.ingest:.1f} s, opening the model {load:.1f} s",
        "-",
        f"under {LIMIT:.0f} s and {texts} text(s): {'holds' if holds else 'fails'}",
    )


@dataclass(frozen=True)
class Shop:
    """The workspace and who is served."""

    root: Path
    users: list[str]

    @classmethod
    def open(cls, root: Path, task: Task, config: EncoderConfig, device: str) -> "Shop":
        """Make the workspace, and an encoder that is not trained."""
        items, events = first_part(task)
        settings = {"model": config.model, "epochs": 0, "device": device}
        workspace = Workspace.create(root, template({"encoder": settings, "llm": {"backend": "none"}}))
        shop = cls(root, events["user_id"].unique().sort().to_list())
        shop.ingest({"items": items, "events": events})
        settings_now = load_config(workspace.config_file)
        tools = Tools(settings_now, open_embedder(settings_now.text, None), None, None, SILENT)
        output = train_encoder(
            tools, load_inputs(workspace, None), CATALOGUE.empty(), IMPRESSIONS.empty(), earlier=None,
            checkpoint=workspace.cache / "encoder.checkpoint", cache=workspace.cache,
        )  # fmt: skip
        remember(workspace, Steps(workspace).do("encoder", {}, lambda: output))
        return shop

    @property
    def workspace(self) -> Workspace:
        """Opened anew."""
        return Workspace(self.root)

    @property
    def config(self) -> Config:
        """Its settings."""
        return load_config(self.workspace.config_file)

    def ingest(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Store frames as files are stored."""
        files = {}
        for name, frame in frames.items():
            file = self.root.parent / f"{name}.parquet"
            frame.write_parquet(file)
            files[name] = [file]
        ingest_files(self.workspace, self.config, files, now=datetime.now(UTC), progress=SILENT)

    def near_line(self) -> NearLine:
        """The encoder over what is stored by now."""
        return near_line(self.workspace, self.config, self.users)

    def bring_up_to_date(self) -> Arrival:
        """Near-line with nothing ingested before."""
        start = time.perf_counter()
        n_encoded = self.near_line().n_encoded
        return Arrival(time.perf_counter() - start, 0.0, n_encoded, found=True)

    def loading(self) -> float:
        """Seconds to open the model alone."""
        (folder,) = (self.workspace.artefacts.root / "encoder").iterdir()
        start = time.perf_counter()
        Encoder.load(folder, self.config.encoder.device)
        return time.perf_counter() - start

    def new_items(self, items: list[str], prices: list[float] | None = None) -> Arrival:
        """A file with items."""
        titles = [f"{item.replace('-', ' ')} for dry skin" for item in items]
        frame = pl.DataFrame({"item_id": items, "title": titles}).with_columns(category=pl.lit("Skin Care"))
        frame = frame if prices is None else frame.with_columns(price=pl.Series(prices))
        start = time.perf_counter()
        self.ingest({"items": frame})
        stored = time.perf_counter()
        near = self.near_line()
        rows = near.served.recommend(self.users, len(items), items=items)
        found = rows.height == len(self.users) * len(items) and set(items) <= set(near.served.index.ids.tolist())
        return Arrival(time.perf_counter() - start, stored - start, near.n_encoded, found)

    def new_event(self) -> Arrival:
        """A file with one event: the first user takes the new item at the last moment of the log's last day."""
        user = self.users[0]
        last = load_inputs(self.workspace, None).as_of - timedelta(seconds=1)
        row = {"user_id": user, "item_id": NEW, "timestamp": last, "event": "purchase"}
        start = time.perf_counter()
        self.ingest({"events": pl.DataFrame([row])})
        stored = time.perf_counter()
        near = self.near_line()
        rows = near.served.recommend(self.users, 1, items=[NEW])
        found = set(self.users) - set(rows["user_id"]) == {user}
        return Arrival(time.perf_counter() - start, stored - start, near.n_encoded, found)

    def in_a_process_of_its_own(self) -> Arrival:
        """A file with one item, read by a process that has nothing loaded yet."""
        start = time.perf_counter()
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            inside = pool.apply(_new_item, (self, OWN_PROCESS, torch.get_num_threads()))
        return Arrival(time.perf_counter() - start, inside.ingest, inside.n_encoded, inside.found)


def _new_item(shop: Shop, item: str, threads: int) -> Arrival:
    torch.set_num_threads(threads)
    return shop.new_items([item])


def first_part(task: Task, n_items: int = N_ITEMS, n_users: int = N_USERS) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first items of a task, and what its first users did with them."""
    items = task.items.head(n_items)
    items = items.with_columns(price=pl.Series(made_prices(items.height)))
    events = task.split.train.join(items, on="item_id", how="semi")
    users = events.select(pl.col("user_id").unique().sort().head(n_users))
    return items, events.join(users, on="user_id", how="semi").drop("row")


def made_prices(n: int, seed: int = 0) -> list[float]:
    """Prices that end in 99, around 12."""
    drawn: list[float] = (np.random.default_rng(seed).lognormal(2.5, 0.8, n).round() + 0.99).tolist()
    return drawn
