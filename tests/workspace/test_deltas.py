"""Tables keep their contract, their order and their old versions."""

import os
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.errors import DataError, WorkspaceError
from intentrec.tables import TABLES
from intentrec.workspace import Workspace
from intentrec.workspace.deltas import content_digest
from intentrec.workspace.files import write_atomic

T = datetime(2024, 1, 1, tzinfo=UTC)


def pool(*names: str) -> pl.DataFrame:
    return TABLES["pool"].rows({"interest": n, "category": "c", "n_items": 1, "as_of": T} for n in names)


def test_rows_come_back_in_key_order_with_the_types_of_the_contract(workspace: Workspace) -> None:
    tags = TABLES["tags"].rows(
        {"user_id": user, "rank": rank, "tag": f"t{rank}", "as_of": T} for user in "ba" for rank in (2, 1)
    )
    ref = workspace.write("tags", tags)
    frame = workspace.read("tags")
    assert frame.select("user_id", "rank").rows() == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert frame.schema == TABLES["tags"].schema
    assert ref.rows == 4


def test_an_old_version_stays_readable(workspace: Workspace) -> None:
    first = workspace.write("pool", pool("tea"))
    second = workspace.write("pool", pool("coffee", "tea"))
    assert workspace.read("pool", first)["interest"].to_list() == ["tea"]
    assert workspace.read("pool", second)["interest"].to_list() == ["coffee", "tea"]
    assert (first.version, second.version) == (0, 1)


def test_equal_content_has_equal_digests_in_any_version(workspace: Workspace) -> None:
    first = workspace.write("pool", pool("tea", "coffee"))
    workspace.write("pool", pool("milk"))
    third = workspace.write("pool", pool("coffee", "tea"))
    assert first.digest == third.digest
    assert first.version != third.version


@given(st.lists(st.text(max_size=5), min_size=1, max_size=6))
def test_a_digest_tells_different_rows_apart(words: list[str]) -> None:
    frame = pl.DataFrame({"x": words})
    assert content_digest(frame) == content_digest(frame.clone())
    assert content_digest(frame) != content_digest(frame.with_columns(pl.col("x") + "!"))


def test_append_adds_rows_and_new_attributes(workspace: Workspace) -> None:
    event = {"row": 0, "user_id": "u", "timestamp": T, "event": "view", "item_id": "i"}
    workspace.write("events", TABLES["events"].rows([event]), append=True)
    more = TABLES["events"].rows([event | {"row": 1}]).with_columns(colour=pl.lit("red"))
    workspace.write("events", more, append=True)
    frame = workspace.read("events")
    assert frame["row"].to_list() == [0, 1]
    assert frame["colour"].to_list() == [None, "red"]


def test_a_table_that_was_never_written_is_empty(workspace: Workspace) -> None:
    assert workspace.read("impressions").is_empty()
    assert workspace.tables.identity("impressions") == "absent"


def test_a_frame_that_breaks_the_contract_is_refused(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="'pool' lacks 'category'"):
        workspace.write("pool", pool("x").drop("category"))
    with pytest.raises(DataError, match="no place for 'extra'"):
        workspace.write("pool", pool("x").with_columns(extra=1))
    with pytest.raises(DataError, match="Column 'n_items' of table 'pool' is String"):
        workspace.write("pool", pool("x").with_columns(pl.col("n_items").cast(pl.String)))


def test_a_version_that_is_not_there_names_the_table(workspace: Workspace) -> None:
    ref = workspace.write("pool", pool("x"))
    with pytest.raises(WorkspaceError, match="'pool' at version 7"):
        workspace.read("pool", ref.model_copy(update={"version": 7}))


def test_a_full_disk_is_one_clear_sentence(tmp_path: object) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    from intentrec.workspace.files import disk_errors

    with pytest.raises(WorkspaceError, match="is full. What was finished is kept"), disk_errors("/dev/full"):  # type: ignore[arg-type]
        with open("/dev/full", "wb", buffering=0) as file:
            file.write(b"x")


def test_a_folder_that_cannot_be_made_is_named(workspace: Workspace) -> None:
    (workspace.root / "file").write_text("")
    with pytest.raises(WorkspaceError, match="Cannot write .*file/below"):
        write_atomic(workspace.root / "file" / "below", b"x")
