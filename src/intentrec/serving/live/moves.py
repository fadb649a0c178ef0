"""Items, labels and exposures into their tables; the caller holds the workspace."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from intentrec.config import Config
from intentrec.data.duplicates import already_stored
from intentrec.data.source import Source
from intentrec.pipeline.ingest import ingest_sources
from intentrec.serving.live.database import DRAINED, REFUSED
from intentrec.serving.live.encoding import micros, moment
from intentrec.serving.live.frames import SOURCE, items_frame
from intentrec.serving.live.models import Exposure, Label, LiveItem
from intentrec.serving.live.settle import refused_numbers
from intentrec.serving.live.store import LiveStore
from intentrec.serving.live.writer import Batch
from intentrec.tables import EXPOSURES, LABELS
from intentrec.workspace import Workspace


def move_items(workspace: Workspace, config: Config, store: LiveStore, now: datetime, whose: str) -> dict[str, int]:
    """Put waiting items in the place of those of their id."""
    waiting = store.read(f"SELECT n, body, at FROM items WHERE state < {DRAINED} AND {whose} ORDER BY n")
    if not waiting:
        return {}
    items = [(n, LiveItem.model_validate_json(body), moment(at)) for n, body, at in waiting]
    frame, refused = items_frame(items, workspace.read("items"))
    gone = set(refused["line"])
    new = gone - refused_numbers(workspace, "items", sorted(gone))
    if new:
        workspace.write("quarantine", refused.filter(pl.col("line").is_in(sorted(new))), append=True)
    if not frame.is_empty():
        ingest_sources(workspace, config, "items", [Source(Path(SOURCE), frame)], now=now)
    numbers = [n for n, _, _ in waiting if n not in gone]
    store.write(lambda batch: _mark_items(batch, numbers, gone, now))
    return {"items": len(numbers), "refused": len(gone)}


def _mark_items(batch: Batch, drained: Sequence[int], refused: Iterable[int], now: datetime) -> None:
    """By number: an item that came in again meanwhile has another, and waits."""
    done = f"UPDATE items SET state = {DRAINED}, drained_at = ? WHERE n = ?"
    batch.db.executemany(done, ((micros(now), n) for n in drained))
    for n in refused:
        batch.db.execute(f"UPDATE items SET state = {REFUSED} WHERE n = ?", (n,))
        batch.changed("items", "")


def move_labels(workspace: Workspace, store: LiveStore) -> int:
    """Put waiting labels in the place of those of their id."""
    waiting = store.read("SELECT n, body FROM labels ORDER BY n")
    if not waiting:
        return 0
    frame = LABELS.rows(Label.model_validate_json(body).model_dump() for _, body in waiting)
    stored = workspace.read("labels").join(frame, on="label_id", how="anti")
    workspace.write("labels", pl.concat([stored, LABELS.check(frame)]))
    store.write(lambda batch: batch.db.execute("DELETE FROM labels WHERE n <= ?", (waiting[-1][0],)).rowcount)
    return len(waiting)


def move_exposures(workspace: Workspace, store: LiveStore) -> int:
    """Append waiting exposures that are not stored yet."""
    waiting = store.read("SELECT n, body FROM exposures ORDER BY n")
    if not waiting:
        return 0
    shown = EXPOSURES.rows(Exposure.model_validate_json(body).model_dump() for _, body in waiting)
    frame = EXPOSURES.check(shown).unique(maintain_order=True)
    if workspace.tables.exists("exposures"):
        frame = frame.filter(~already_stored(frame, workspace.tables.scan("exposures")))
    if not frame.is_empty():
        workspace.write("exposures", frame, append=True)
    store.write(lambda batch: batch.db.execute("DELETE FROM exposures WHERE n <= ?", (waiting[-1][0],)).rowcount)
    return len(waiting)
