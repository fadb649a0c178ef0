import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from intentrec.text.store import KEY_BYTES, VectorStore

KEYS = [bytes([number]) * KEY_BYTES for number in range(6)]


def vectors(*numbers, dtype=np.float16):
    return np.array([[number, -number, 0.5] for number in numbers], dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_reopened_store_holds_what_was_added_in_its_own_precision(tmp_path, dtype):
    store = VectorStore(tmp_path / "deep", "m")
    store.add(KEYS[:2], vectors(1, 2, dtype=dtype))
    store.add(KEYS[2:3], vectors(3, dtype=dtype))
    again = VectorStore(tmp_path / "deep", "m")
    rows = again.rows([KEYS[2], KEYS[0], KEYS[2]])
    assert rows.dtype == dtype
    np.testing.assert_array_equal(rows, vectors(3, 1, 3, dtype=dtype))
    assert (len(again), again.width, again.n_unreadable) == (3, 3, 0)
    assert KEYS[1] in again
    assert KEYS[3] not in again


def test_an_empty_store_has_no_width(tmp_path):
    store = VectorStore(tmp_path / "none", "m")
    assert (len(store), store.width) == (0, None)
    assert not (tmp_path / "none").exists()


def test_without_a_folder_vectors_are_kept_in_memory_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = VectorStore(None, "m")
    store.add(KEYS[:1], vectors(1))
    np.testing.assert_array_equal(store.rows(KEYS[:1]), vectors(1))
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_was_never_added_is_an_error():
    with pytest.raises(KeyError):
        VectorStore(None, "m").rows(KEYS[:1])


def test_a_segment_says_whose_vectors_it_holds(tmp_path):
    VectorStore(tmp_path, "tiny-7").add(KEYS[:1], vectors(1))
    (segment,) = tmp_path.iterdir()
    with safe_open(segment, framework="numpy") as opened:
        assert opened.metadata()["model_id"] == "tiny-7"


def test_the_same_vectors_make_one_segment_however_often_they_are_added(tmp_path):
    for _ in range(2):
        VectorStore(tmp_path, "m").add(KEYS[:2], vectors(1, 2))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_segment_is_deleted_and_the_others_stay(tmp_path):
    store = VectorStore(tmp_path, "m")
    store.add(KEYS[:1], vectors(1))
    (first,) = tmp_path.iterdir()
    store.add(KEYS[1:2], vectors(2))
    content = bytearray(first.read_bytes())
    content[-1] ^= 1
    first.write_bytes(bytes(content))
    again = VectorStore(tmp_path, "m")
    assert (again.n_unreadable, KEYS[0] in again, KEYS[1] in again) == (1, False, True)
    assert not first.exists()


def test_a_segment_cut_short_by_a_kill_is_deleted(tmp_path):
    VectorStore(tmp_path, "m").add(KEYS, vectors(*range(6)))
    (segment,) = tmp_path.iterdir()
    segment.write_bytes(segment.read_bytes()[:-20])
    assert (VectorStore(tmp_path, "m").n_unreadable, list(tmp_path.iterdir())) == (1, [])


def test_a_failed_write_leaves_no_file_and_nothing_in_memory(tmp_path, monkeypatch):
    def fails(source, target):
        raise OSError("disk full")

    store = VectorStore(tmp_path, "m")
    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        store.add(KEYS[:1], vectors(1))
    assert KEYS[0] not in store
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.sampled_from(KEYS), min_size=1))
def test_rows_come_in_the_order_asked(keys):
    store = VectorStore(None, "m")
    store.add(KEYS, vectors(*range(6)))
    np.testing.assert_array_equal(store.rows(keys), vectors(*(key[0] for key in keys)))
