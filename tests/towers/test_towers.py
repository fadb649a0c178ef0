import json
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from intentrec.errors import DataError, NotFittedError
from intentrec.retrieval.blend import Blend
from intentrec.towers import Towers

ALL = ("pooled", "sequence", "memory", "fresh")
COMBINATIONS = [parts for size in range(1, 5) for parts in combinations(ALL, size)]
NEW = {"item_id": "v99", "title": "round thing 99", "category": "round", "price": 3.0}


@pytest.fixture(scope="module")
def whole(shop):
    """Towers of all parts, over a catalogue with one item that nobody has touched."""
    items = pl.concat([shop.items, pl.DataFrame([NEW], schema=shop.items.schema)])
    towers = shop.fit(items=items, config=shop.changed(parts=ALL))
    blend = Blend(
        ("pooled", "sequence", "fresh", "itself", "together", "after"), (30,),
        ((0.5, 2.0, 1.0, 0.25, 1.0, 3.0), (1.0, 0.0, 0.125, 1.0, 0.0, 0.5)),
    )  # fmt: skip
    return replace(towers, blend=blend)


def only(whole, parts):
    """The same with some of the parts."""
    gone = {name: None for name in ALL if name not in parts}
    return replace(whole, config=whole.config.model_copy(update={"parts": parts}), **gone)


def test_a_vector_is_its_parts_in_a_row_each_times_its_weight_by_the_length_of_the_history(shop, whole):
    users = [f"u{code:02}" for code in range(40)] + ["nobody"]
    counts = dict(shop.events.group_by("user_id").len().iter_rows())
    bucket = np.array([int(counts.get(user, 0) > 30) for user in users])
    assert set(bucket) == {0, 1}
    vectors, parts = whole.user_vectors(shop.events, users), whole.parts(shop.events, users, whole.as_of)
    weights = np.array(whole.blend.weights, dtype=np.float32)
    wanted = [part * weights[bucket, place][:, None] for place, part in enumerate(parts.values())]
    assert list(parts) == list(whole.tables()) == ["pooled", "sequence", "fresh"]
    np.testing.assert_allclose(vectors, np.concatenate(wanted, axis=1), rtol=1e-6)
    assert vectors.shape == (41, whole.width)
    assert whole.width == whole.pooled.width + whole.sequence.width + 1


def test_one_dot_product_is_the_weighted_sum_of_the_parts_scores(shop, whole):
    users = ["u00", "u07"]
    parts, tables = whole.parts(shop.events, users, whole.as_of), whole.tables()
    active = shop.events.filter(pl.col("user_id").is_in(users)).group_by("user_id").len().sort("user_id")["len"]
    wanted = sum(whole.blend.of(name, active.to_numpy())[:, None] * (parts[name] @ tables[name].T) for name in parts)
    _, items = whole.item_vectors()
    np.testing.assert_allclose(whole.user_vectors(shop.events, users) @ items.T, wanted, rtol=1e-4, atol=1e-4)


def test_items_without_events_share_a_coordinate(whole):
    ids, vectors = whole.item_vectors()
    assert [ids[row] for row in np.flatnonzero(vectors[:, -1])] == ["v99"]


def test_a_tag_speaks_through_the_pooled_part_alone(whole):
    tags = whole.tag_vectors(["round thing", "square thing"])
    assert tags.shape == (2, whole.width)
    np.testing.assert_array_equal(
        tags[:, : whole.pooled.width], whole.pooled.tag_vectors(["round thing", "square thing"])
    )
    assert not tags[:, whole.pooled.width :].any()
    with pytest.raises(DataError, match='name "pooled" among towers.parts'):
        only(whole, ("sequence", "memory")).tag_vectors(["round thing"])


@pytest.mark.parametrize("parts", COMBINATIONS, ids="+".join)
def test_saved_towers_of_any_parts_serve_as_before(shop, whole, tmp_path, parts):
    towers, users = only(whole, parts), ["stranger", "u03"]
    towers.save(tmp_path / "towers")
    loaded = Towers.load(tmp_path / "towers")
    assert [name for name in ALL if getattr(loaded, name) is not None] == list(parts)
    assert loaded.version == towers.version
    assert (loaded.as_of, loaded.kinds, loaded.config) == (towers.as_of, towers.kinds, towers.config)
    assert (loaded.blend, loaded.items) == (towers.blend, towers.items)
    assert repr(loaded.history) == repr(towers.history)  # a NaN is not equal to itself
    own = pl.col("user_id") == "u03"
    events = pl.concat([shop.events, shop.events.filter(own).with_columns(pl.lit("stranger").alias("user_id"))])
    np.testing.assert_array_equal(loaded.item_vectors()[1], towers.item_vectors()[1])
    served = loaded.user_vectors(events, users)
    np.testing.assert_array_equal(served, towers.user_vectors(events, users))
    np.testing.assert_array_equal(served[0], served[1])
    assert (loaded.remembered is None) == ("memory" not in parts)
    if loaded.remembered is not None:
        said = [which.remembered.scores(events, users, towers.as_of).toarray() for which in (loaded, towers)]
        np.testing.assert_array_equal(*said)
        assert said[0].any()


def test_the_version_tells_parts_and_weights_apart(whole):
    versions = [only(whole, parts).version for parts in COMBINATIONS]
    versions.append(replace(whole, blend=Blend.equal(whole.blend.parts)).version)
    assert len(set(versions)) == len(versions)


def test_a_folder_that_lost_a_part_is_not_served_with_one_part_fewer(whole, tmp_path):
    whole.save(tmp_path)
    for lost in ("memory.safetensors", "sequence.safetensors", "pooled/towers.safetensors"):
        kept = (tmp_path / lost).read_bytes()
        (tmp_path / lost).unlink()
        with pytest.raises(NotFittedError, match="Train"):
            Towers.load(tmp_path)
        (tmp_path / lost).write_bytes(b"short")
        with pytest.raises(DataError, match="damaged"):
            Towers.load(tmp_path)
        (tmp_path / lost).write_bytes(kept)
    assert Towers.load(tmp_path).version == whole.version


def test_a_damaged_or_foreign_folder_is_named(whole, tmp_path):
    with pytest.raises(NotFittedError, match="Cannot find the towers"):
        Towers.load(tmp_path)
    whole.save(tmp_path)
    meta = json.loads((tmp_path / "towers.json").read_text("utf-8"))
    for change, message in (
        ({"format": 1}, "format 1, not"),
        ({"config": {"parts": ["nonsense"]}}, "damaged"),
        ({"blend": {"parts": []}}, "damaged"),
        ({"sequence": None}, "damaged"),
    ):
        (tmp_path / "towers.json").write_text(json.dumps(meta | change), "utf-8")
        with pytest.raises(DataError, match=message):
            Towers.load(tmp_path)
    (tmp_path / "towers.json").write_text("{", "utf-8")
    with pytest.raises(DataError, match="damaged"):
        Towers.load(tmp_path)


def test_users_come_back_in_the_order_asked_for_and_alone_as_together(shop, whole):
    vectors = whole.user_vectors(shop.events, ["u05", "nobody", "u05", "u01"])
    np.testing.assert_array_equal(vectors[0], vectors[2])
    for row, user in enumerate(["u05", "nobody", "u05", "u01"]):
        np.testing.assert_array_equal(vectors[row], whole.user_vectors(shop.events, [user])[0])
    assert np.isfinite(vectors).all()
    assert whole.user_vectors(shop.events, []).shape == (0, whole.width)


def test_an_earlier_moment_reads_only_what_came_before(shop, whole):
    moment = shop.start + timedelta(days=60)
    before = shop.events.filter(pl.col("timestamp") < moment)
    np.testing.assert_array_equal(
        whole.user_vectors(shop.events, ["u00"], moment), whole.user_vectors(before, ["u00"], moment)
    )
    said = [whole.remembered.scores(events, ["u00"], moment).toarray() for events in (shop.events, before)]
    np.testing.assert_array_equal(*said)
