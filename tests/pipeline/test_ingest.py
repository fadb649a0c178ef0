"""Files become tables once, whatever is given twice."""

from pathlib import Path

import polars as pl
import pytest

from intentrec.config import Config
from intentrec.errors import DataError
from intentrec.pipeline.ingest import IngestReport, ingest_files, stored_report
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import NOW, Shop, open_shop


def ingest(workspace: Workspace, files: dict[str, list[Path]]) -> IngestReport:
    return ingest_files(workspace, Config(), files, now=NOW, progress=SILENT)


def written(folder: Path, name: str, frame: pl.DataFrame) -> Path:
    frame.write_parquet(folder / name)
    return folder / name


def test_events_need_items_first(tmp_path: Path, shop: Shop) -> None:
    workspace = Workspace.create(tmp_path / "shop", "")
    with pytest.raises(DataError, match="holds no items yet; give --items before or together with --events"):
        ingest(workspace, {"events": [written(tmp_path, "e.parquet", shop.events)]})


def test_files_that_overlap_give_each_row_once(tmp_path: Path, shop: Shop) -> None:
    workspace = Workspace.create(tmp_path / "shop", "")
    first = written(tmp_path, "a.parquet", shop.events.head(300))
    second = written(tmp_path, "b.parquet", shop.events.tail(shop.events.height - 200))
    items = written(tmp_path, "i.parquet", shop.items)
    report = ingest(workspace, {"items": [items], "events": [first, second]})
    assert report.tables[1].kept == shop.events.height
    events = workspace.read("events")
    assert events["row"].to_list() == list(range(shop.events.height))


def test_later_events_get_later_numbers(tmp_path: Path, shop: Shop) -> None:
    workspace = Workspace.create(tmp_path / "shop", "")
    ordered = shop.events.sort("timestamp")
    ingest(workspace, {"items": [written(tmp_path, "i.parquet", shop.items)]})
    ingest(workspace, {"events": [written(tmp_path, "late.parquet", ordered.tail(100))]})
    ingest(workspace, {"events": [written(tmp_path, "early.parquet", ordered.head(100))]})
    rows = workspace.read("events").sort("row")
    assert rows["timestamp"][0] > rows["timestamp"][100]
    assert rows["row"].to_list() == list(range(200))


def test_items_replace_those_of_the_same_id(tmp_path: Path, shop: Shop) -> None:
    workspace, _ = open_shop(tmp_path / "shop", shop)
    renamed = shop.items.head(1).with_columns(title=pl.lit("NEW NAME"))
    ingest(workspace, {"items": [written(tmp_path, "new.parquet", renamed)]})
    items = workspace.read("items")
    assert items.height == shop.items.height
    assert items.filter(item_id=renamed["item_id"][0])["title"].to_list() == ["NEW NAME"]


def test_impressions_are_kept(tmp_path: Path, shop: Shop) -> None:
    workspace, _ = open_shop(tmp_path / "shop", shop)
    shown = shop.events.head(5).select("user_id", "timestamp", "item_id", clicked=pl.lit(value=False))
    ingest(workspace, {"impressions": [written(tmp_path, "shown.parquet", shown)]})
    again = ingest(workspace, {"impressions": [written(tmp_path, "shown.parquet", shown)]})
    assert workspace.read("impressions").height == 5
    assert (again.tables[0].kept, again.tables[0].again) == (0, 5)


def test_nothing_is_nothing_to_report_on(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no data yet"):
        stored_report(Workspace.create(tmp_path / "shop", ""), Config())
