from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from intentrec.data import (
    DataConfig,
    EventsConfig,
    Known,
    check,
    data_report,
    demo,
    demo_credit,
    demo_files,
    number_rows,
    read,
)
from intentrec.errors import DataError
from intentrec.tables import EVENTS, IMPRESSIONS, ITEMS, QUARANTINE, USERS

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    items = check(read(demo_files()["items"]), "items", DataConfig(), EventsConfig(), Known(NOW))
    known = Known(NOW, items.frame["item_id"])
    parts = {
        name: check(read(path), name, DataConfig(), EventsConfig(), known)  # type: ignore[arg-type]
        for name, path in demo_files().items()
    }
    assert all(part.quarantine.is_empty() for part in parts.values())
    return {name: part.frame for name, part in parts.items()}


def test_the_demo_data_passes_every_check(tables):
    assert {name: frame.height for name, frame in tables.items()} == {"items": 3676, "events": 399_648, "users": 4363}
    ITEMS.check(tables["items"])
    USERS.check(tables["users"])
    EVENTS.check(number_rows(tables["events"], 0))


def test_the_demo_data_holds_nothing_that_was_computed_over_the_whole_year(tables):
    assert pl.read_parquet(demo_files()["items"]).columns == ["item_id", "title"]
    assert tables["users"].columns == ["user_id", "country"]
    report = data_report(
        tables["items"], number_rows(tables["events"], 0), tables["users"], IMPRESSIONS.empty(), QUARANTINE.empty()
    )
    assert [leak.where for leak in report.leaks] == ["items"]
    assert report.kinds == {"purchase": 391_142, "return": 8506}
    assert report.ties == pytest.approx(0.993, abs=0.001)


def test_the_demo_data_is_small_and_credited():
    assert sum(path.stat().st_size for path in demo_files().values()) < 2_000_000
    for credit in ("CC0", "Daqing Chen", "doi:10.1057/dbm.2012.17", "onlineretail"):
        assert credit in demo_credit()


def test_a_package_without_its_data_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "files", lambda _: Path(tmp_path))
    with pytest.raises(DataError, match="demo data is missing"):
        demo.demo_files()
