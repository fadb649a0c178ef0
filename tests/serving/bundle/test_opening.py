"""A bundle is whole or is refused with one sentence; the smallest ones are bundles, too."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle_world import AS_OF, Made, content_of, open_made
from intentrec.errors import WorkspaceError
from intentrec.retrieval import RetrievalConfig, build_index
from intentrec.serving.bundle import Bundle
from intentrec.serving.bundle.layout import META
from intentrec.serving.bundle.ragged import strings
from intentrec.serving.bundle.writing import write_bundle

TWO = Made(
    items={"a": [1.0, 0.0], "b": [0.0, 1.0]},
    users={"u": [1.0, 1.0]},
    did={"u": ["b", "a"]},
    lists={"u": ["a", "b"]},
    explanations=[("tea", "a", "It goes with tea."), ("te", "aa", "Another."), ("Чай", "b", "К чаю.")],
)


def rewritten(folder: Path, **changes: Any) -> None:
    meta = json.loads((folder / META).read_text())
    (folder / META).write_text(json.dumps(meta | changes))


def test_a_cut_or_missing_file_is_named(tmp_path: Path) -> None:
    write_bundle(tmp_path, content_of(TWO))
    file = tmp_path / "users.vectors.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(WorkspaceError, match=rf"users.vectors.npy has {len(whole) - 1} bytes instead of {len(whole)}"):
        Bundle.open(tmp_path)
    file.unlink()
    with pytest.raises(WorkspaceError, match=r"is damaged: users.vectors.npy is missing. Delete it"):
        Bundle.open(tmp_path)


def test_a_file_of_the_same_length_and_other_content_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path, content_of(TWO))
    file = tmp_path / "users.ids.npy"
    file.write_bytes(b"\0" * file.stat().st_size)
    with pytest.raises(WorkspaceError, match="is damaged"):
        Bundle.open(tmp_path)


def test_what_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="There is no bundle in"):
        Bundle.open(tmp_path / "nowhere")
    (tmp_path / META).write_text("{not json")
    with pytest.raises(WorkspaceError, match="is damaged"):
        Bundle.open(tmp_path)
    (tmp_path / META).write_text("[]")
    with pytest.raises(WorkspaceError, match="is damaged"):
        Bundle.open(tmp_path)
    (tmp_path / META).write_text('{"format": 1}')
    with pytest.raises(WorkspaceError, match="is damaged"):
        Bundle.open(tmp_path)


def test_a_bundle_of_another_format_says_so(tmp_path: Path) -> None:
    write_bundle(tmp_path, content_of(TWO))
    rewritten(tmp_path, format=7)
    with pytest.raises(WorkspaceError, match="has format 7, and this version reads 1. Make it again"):
        Bundle.open(tmp_path)


def test_a_bundle_with_other_rows_than_it_says(tmp_path: Path) -> None:
    write_bundle(tmp_path, content_of(TWO))
    rewritten(tmp_path, n_items=3)
    with pytest.raises(WorkspaceError, match="holds other rows than it says"):
        Bundle.open(tmp_path)


def test_sentences_are_found_by_interest_and_item_alone(tmp_path: Path) -> None:
    bundle = open_made(tmp_path, TWO)
    assert bundle.explanation("tea", "a") == "It goes with tea."
    assert bundle.explanation("te", "aa") == "Another."
    assert bundle.explanation("Чай", "b") == "К чаю."
    assert bundle.explanation("tea", "b") is None
    assert bundle.explanation("t", "eaa") is None


def test_two_sentences_under_one_half_of_a_key_are_told_apart(tmp_path: Path) -> None:
    bundle = open_made(tmp_path, TWO)
    bundle._keys = np.full_like(bundle._keys, bundle._keys[1])
    found = [bundle.explanation(*pair) for pair in (("tea", "a"), ("te", "aa"), ("Чай", "b"))]
    assert sum(text is not None for text in found) == 1  # the one whose half it really is, wherever it stands


def test_a_closed_bundle_leaves_what_it_handed_out(tmp_path: Path) -> None:
    bundle = open_made(tmp_path, TWO)
    stored = bundle.stored("u")
    assert stored is not None
    bundle.close()
    bundle.close()
    assert stored.first(1, full=False) == b'{"item_id":"a","title":"a","score":1.0}'
    assert bundle.meta.release == "r0001"
    with pytest.raises(AttributeError):
        bundle.stored("u")


def test_two_of_one_bundle_can_be_open(tmp_path: Path) -> None:
    one, other = open_made(tmp_path, TWO), Bundle.open(tmp_path)
    one.close()
    assert other.knows("u")


def test_an_empty_shop(tmp_path: Path) -> None:
    bundle = open_made(tmp_path, Made(items={}))
    assert (len(bundle.index), bundle.users(), bundle.remembered, bundle.towers) == (0, [], None, None)
    assert bundle.item_row("a") is None
    assert not bundle.knows("u")
    assert bundle.explanation("tea", "a") is None
    with pytest.raises(WorkspaceError, match="holds no text vectors of items"):
        bundle.nearest_texts(np.zeros((1, 64), np.float32), 3)


def test_users_without_events_and_items_without_anything(tmp_path: Path) -> None:
    made = Made(items={"a": [1.0, 0.0]}, users={"u": [0.0, 0.0]}, others=["x", "w"])
    bundle = open_made(tmp_path, made)
    assert bundle.item(0) == {"item_id": "a", "title": "a"}
    assert bundle.seen("u").tolist() == []
    stored = bundle.stored("u")
    assert stored is not None
    assert stored.first(5, full=True) == b""
    assert (bundle.knows("w"), bundle.knows("x"), bundle.knows("y")) == (True, True, False)
    assert bundle.about("x") is None


def test_an_index_of_inverted_lists_stays_on_the_disk(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = Made(items={f"i{n:03d}": rng.standard_normal(4).tolist() for n in range(300)})
    content = content_of(made)
    config = RetrievalConfig(index="ivf", index_recall=1.0)
    queries = rng.standard_normal((20, 4)).astype(np.float32)
    engine = build_index(content.items.vectors, config, queries)
    bundle = open_made(tmp_path / "ivf", made, items=replace(content.items, engine=engine))
    assert bundle.index.engine is not None
    assert bundle.index.engine.facts == engine.facts
    found, expected = bundle.index.search(queries, 9), engine.search(queries, 9)
    assert (found.item.tolist(), found.score.tolist()) == (expected.item.tolist(), expected.score.tolist())
    plain = open_made(tmp_path / "plain", made, items=replace(content.items, engine=None))
    assert plain.index.engine is None
    assert plain.index.search(queries, 9).item.tolist() == expected.item.tolist()


def test_ids_that_differ_in_little_are_told_apart(tmp_path: Path) -> None:
    names = ["a", "ab", "b", "\u00e9", "e\u0301", "\u0451", "\U0001f4a1"]
    bundle = open_made(tmp_path, Made(items={name: [1.0, 0.0] for name in names}))
    assert [bundle.item_row(name) for name in sorted(names)] == list(range(len(names)))
    assert bundle.item_row("a\0") is None
    assert bundle.item_row("abc") is None
    assert bundle.item_row("") is None


def test_an_event_with_an_item_that_the_release_does_not_know(tmp_path: Path) -> None:
    content = content_of(TWO)
    history = replace(content.history, item=np.array([-2, 1]), words=[b"gone", b""])
    bundle = open_made(tmp_path, TWO, history=history)
    assert bundle.history("u").select("item_id", "query").rows() == [("gone", None), ("b", None)]
    assert bundle.history("u")["timestamp"].max() < AS_OF  # type: ignore[operator]


def test_names_of_nothing_are_an_array() -> None:
    assert strings([]).dtype.kind == "U"
