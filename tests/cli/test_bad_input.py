"""Bad input ends in one paragraph that names what, where and what to do, and never in half a release."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from intentrec.config import template
from intentrec.workspace import Workspace
from llm_world import BadServer, Misbehaviour, said
from shop_world import Shop, make_shop, merged


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace whose settings fit a small shop, and next to it a folder for files."""
    Workspace.create(tmp_path / "shop", template(merged(None)))
    (tmp_path / "files").mkdir()
    return tmp_path / "shop"


SHOP: Shop = make_shop(12)


def intentrec(folder: Path, *arguments: object, limit: int | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the installed command; `limit` bounds the size of files it may write, in bytes."""

    def bounded() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-m", "intentrec", "-w", str(folder), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "500", "OMP_NUM_THREADS": "1"},
        preexec_fn=bounded,
    )


def write(folder: Path, name: str, frame: pl.DataFrame) -> Path:
    path = folder.parent / "files" / name
    frame.write_parquet(path)
    return path


def ingest_shop(folder: Path) -> None:
    done = intentrec(
        folder, "ingest",
        "--items", write(folder, "items.parquet", SHOP.items),
        "--events", write(folder, "events.parquet", SHOP.events),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def refused(done: "subprocess.CompletedProcess[str]", code: int, *words: str) -> None:
    """The command ended with `code` and one paragraph on stderr that holds all words."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_a_missing_column_names_file_and_column(folder: Path) -> None:
    items = write(folder, "items.parquet", SHOP.items.rename({"title": "name"}))
    refused(intentrec(folder, "ingest", "--items", items), 4, "items.parquet", "title", "rename")


def test_a_wrong_type_is_quarantined_or_refused_by_name(folder: Path) -> None:
    ingest_shop(folder)
    wrong = SHOP.events.with_columns(timestamp=pl.lit("yesterday"))
    refused(intentrec(folder, "ingest", "--events", write(folder, "w.parquet", wrong)), 4, "w.parquet", "timestamp")


def test_an_unknown_item_is_quarantined_with_its_reason(folder: Path) -> None:
    ingest_shop(folder)
    more = SHOP.events.head(4).with_columns(
        item_id=pl.Series(["tea-0-0", "ghost-item", "tea-0-1", "tea-0-2"]), user_id=pl.lit("newcomer")
    )
    done = intentrec(folder, "ingest", "--events", write(folder, "more.parquet", more), "--json")
    report = json.loads(done.stdout)["tables"][0]
    assert (report["kept"], report["refused"]) == (3, 1)
    quarantine = Workspace(folder).read("quarantine")
    assert "ghost-item" in quarantine["record"][0]
    assert "item_id is not among the items" in quarantine["reason"][0]
    assert (quarantine["source"][0], quarantine["line"][0]) == ("more.parquet", 2)


def test_an_empty_file_and_a_truncated_one_are_named(folder: Path) -> None:
    empty = folder.parent / "files" / "empty.csv"
    empty.write_bytes(b"")
    refused(intentrec(folder, "ingest", "--items", empty), 4, "empty.csv", "empty")
    whole = write(folder, "items.parquet", SHOP.items)
    cut = folder.parent / "files" / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-40])
    refused(intentrec(folder, "ingest", "--items", cut), 4, "cut.parquet")


def test_malformed_lines_are_quarantined_and_the_rest_comes_in(folder: Path) -> None:
    ingest_shop(folder)
    lines = SHOP.events.with_columns(user_id=pl.col("user_id") + "-b").write_ndjson().splitlines()
    bad = range(50, len(lines), 100)
    for n in bad:
        lines[n] = lines[n][:-7]
    file = folder.parent / "files" / "events.jsonl"
    file.write_text("\n".join(lines) + "\n")
    report = json.loads(intentrec(folder, "ingest", "--events", file, "--json").stdout)["tables"][0]
    assert (report["kept"], report["refused"]) == (len(lines) - len(bad), len(bad))
    assert Workspace(folder).read("quarantine")["line"].to_list() == [n + 1 for n in bad]


def test_an_unknown_setting_is_named_with_a_hint(folder: Path) -> None:
    (folder / "intentrec.toml").write_text("[towers]\nepoch = 3\n")
    refused(intentrec(folder, "run"), 3, "intentrec.toml", "towers.epoch", "'epochs'")


def test_a_server_that_cannot_be_reached_is_named(folder: Path) -> None:
    ingest_shop(folder)
    llm = {"backend": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", "max_retries": 0}
    (folder / "intentrec.toml").write_text(template(merged({"llm": llm})))
    refused(intentrec(folder, "run"), 6, "http://127.0.0.1:9/v1", "intentrec doctor")
    assert Workspace(folder).releases.current() is None


def test_a_full_disk_stops_a_run_and_a_second_one_goes_on(folder: Path) -> None:
    ingest_shop(folder)
    # A bound on the size of files is how a test can make writing fail without filling a disk.
    full = intentrec(folder, "run", limit=12_000)
    assert full.returncode == 5, full.stderr
    assert "Traceback" not in full.stderr
    assert str(folder) in full.stderr
    assert Workspace(folder).releases.current() is None
    done = intentrec(folder, "run")
    assert done.returncode == 0, done.stderr
    assert Workspace(folder).release().release == "r0001"


def test_a_server_that_answers_nonsense_is_counted_and_rules_stand_in(folder: Path, bad_server: BadServer) -> None:
    ingest_shop(folder)
    bad_server.replies = [said("I would rather talk about the weather.")]
    llm = {"backend": "openai", "base_url": bad_server.url, "model": "m", "max_retries": 0}
    (folder / "intentrec.toml").write_text(template(merged({"llm": llm, "run": {"llm_users": 2}})))
    done = intentrec(folder, "run", "--json")
    assert done.returncode == 0, done.stderr
    use = json.loads(done.stdout)["models"]["interests"]
    assert use["failed"] == use["requests"] > 0
    workspace = Workspace(folder)
    assert set(workspace.read_release("interests")["model"]) == {"none"}
    assert "not-json" in set(workspace.read_release("rejections")["reason"])
    asked = len(bad_server.asked)
    workspace.steps.clear()
    assert intentrec(folder, "run").returncode == 0
    assert len(bad_server.asked) == asked


def test_a_server_that_only_fails_stops_the_run(folder: Path, bad_server: BadServer) -> None:
    ingest_shop(folder)
    bad_server.replies = [Misbehaviour(status=500, body="<html>oh no</html>", content_type="text/html")]
    llm = {"backend": "openai", "base_url": bad_server.url, "model": "m", "max_retries": 0}
    (folder / "intentrec.toml").write_text(template(merged({"llm": llm})))
    refused(intentrec(folder, "run"), 6, bad_server.url, "500")
    assert Workspace(folder).releases.current() is None
