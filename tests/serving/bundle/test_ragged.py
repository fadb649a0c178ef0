"""Rows of different lengths come back from the disk as they were."""

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intentrec.serving.bundle.ragged import Ragged, mapped, save_arrays, save_rows, strings

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)


@SAME_FOLDER
@given(st.lists(st.binary(max_size=9), max_size=8))
def test_rows_of_bytes(tmp_path: Path, rows: list[bytes]) -> None:
    assert save_rows(tmp_path, "rows", iter(rows)) == len(rows)
    found = Ragged.open_bytes(tmp_path, "rows")
    assert [found.bytes(row) for row in range(len(found))] == rows


@SAME_FOLDER
@given(st.lists(st.integers(0, 6), max_size=20))
def test_values_by_group(tmp_path: Path, groups: list[int]) -> None:
    ordered = np.sort(np.array(groups, dtype=np.int64))
    values = np.arange(len(ordered))
    Ragged.grouped(ordered, values, 8).save(tmp_path, "groups")
    found = Ragged.open(tmp_path, "groups")
    assert len(found) == 8
    assert [found[group].tolist() for group in range(8)] == [values[ordered == group].tolist() for group in range(8)]


def test_ids_of_nobody_can_be_stored_and_searched(tmp_path: Path) -> None:
    save_arrays(tmp_path, {"ids": strings([]), "some": strings(["a", "ab"])})
    assert mapped(tmp_path, "ids").tolist() == []
    assert mapped(tmp_path, "some").tolist() == ["a", "ab"]
