import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from safetensors.torch import load_file

from intentrec.errors import DataError, NotFittedError
from intentrec.towers.pooled import Pooled


def own_side(part, vectors):
    """Share of the 8 nearest items that are on the side of each row, even rows first: 0.5 by chance."""
    _, items = part.item_vectors()
    best = np.argsort(-(vectors @ items.T), axis=1)[:, :8]
    return float((best % 2 == np.arange(len(vectors))[:, None] % 2).mean())


def test_users_are_near_the_items_of_their_side(shop, pooled):
    users = [f"u{code:02}" for code in range(40)]
    assert own_side(pooled, pooled.user_vectors(shop.events, users)) > 0.95


def test_tags_are_near_the_items_that_they_name_even_in_new_words(pooled):
    tags = ["round thing", "square thing", "a ROUND lamp", "square, unheard-of"]
    assert own_side(pooled, pooled.tag_vectors(tags)) > 0.95


def test_the_history_tells_of_validation_then_of_the_final_run(pooled, shop):
    parts = [epoch.part for epoch in pooled.history]
    n_final = parts.count("final")
    assert parts == ["validation"] * (len(parts) - n_final) + ["final"] * n_final
    scores = [epoch.recall.score for epoch in pooled.history if epoch.recall]
    assert n_final == 1 + int(np.argmax(scores))
    assert 0.4 < max(scores) <= 1
    assert all(epoch.loss > 0 for epoch in pooled.history)


def test_the_held_out_towers_have_not_seen_the_window(shop, pooled):
    cut = shop.as_of - timedelta(days=shop.config.validation_days)
    held_out = pooled.held_out
    assert held_out.as_of == cut
    assert held_out.held_out is None
    users = [f"u{code:02}" for code in range(40)]
    assert own_side(held_out, held_out.user_vectors(shop.events, users)) > 0.95
    later = shop.events.with_columns(
        pl.when(pl.col("timestamp") >= cut).then(pl.lit("v00")).otherwise("item_id").alias("item_id")
    )
    changed = shop.pooled(events=later).held_out
    n_epochs = min(len(held_out.history), len(changed.history))
    assert [epoch.loss for epoch in held_out.history[:n_epochs]] == [epoch.loss for epoch in changed.history[:n_epochs]]


def test_saved_towers_serve_without_training_data(shop, pooled, tmp_path):
    pooled.save(tmp_path / "pooled")
    loaded = Pooled.load(tmp_path / "pooled")
    assert {file.name for file in (tmp_path / "pooled").iterdir()} == {"towers.json", "towers.safetensors"}
    assert loaded.version == pooled.version
    assert loaded.history == pooled.history
    assert (loaded.as_of, loaded.kinds, loaded.config) == (pooled.as_of, pooled.kinds, pooled.config)
    history = shop.events.filter(pl.col("user_id") == "u03").with_columns(pl.lit("stranger").alias("user_id"))
    for one, other in (
        (loaded.item_vectors()[1], pooled.item_vectors()[1]),
        (loaded.user_vectors(history, ["stranger"]), pooled.user_vectors(shop.events, ["u03"])),
        (loaded.tag_vectors(["round thing"]), pooled.tag_vectors(["round thing"])),
    ):
        np.testing.assert_array_equal(one, other)


def test_a_damaged_or_foreign_folder_is_named(pooled, tmp_path):
    with pytest.raises(NotFittedError, match="Cannot find the towers"):
        Pooled.load(tmp_path)
    pooled.save(tmp_path)
    weights = load_file(tmp_path / "towers.safetensors")
    assert weights["table"].shape == (24, 18)
    meta = json.loads((tmp_path / "towers.json").read_text("utf-8"))
    (tmp_path / "towers.json").write_text(json.dumps({**meta, "format": 99}), "utf-8")
    with pytest.raises(DataError, match="format 99"):
        Pooled.load(tmp_path)
    (tmp_path / "towers.safetensors").write_bytes(b"short")
    with pytest.raises(DataError, match="damaged"):
        Pooled.load(tmp_path)


def test_users_come_back_in_the_order_asked_for_and_unknown_ones_get_what_is_in_demand(shop, pooled):
    vectors = pooled.user_vectors(shop.events, ["u05", "nobody", "u05", "u01"])
    assert vectors.shape == (4, pooled.width)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    np.testing.assert_array_equal(vectors[1], pooled.user_vectors(shop.events, ["another"])[0])
    assert np.isfinite(vectors).all()
    assert pooled.user_vectors(shop.events, []).shape == (0, pooled.width)


def test_an_earlier_moment_reads_only_what_came_before(shop, pooled):
    moment = shop.start + timedelta(days=60)
    before = shop.events.filter(pl.col("timestamp") < moment)
    np.testing.assert_array_equal(
        pooled.user_vectors(shop.events, ["u00"], moment), pooled.user_vectors(before, ["u00"], moment)
    )


def test_no_tags_and_tags_without_a_known_word_have_vectors(pooled):
    assert pooled.tag_vectors([]).shape == (0, pooled.width)
    assert np.isfinite(pooled.tag_vectors(["", "zzz"])).all()


def test_text_vectors_of_items_and_tags(shop):
    sides = np.eye(2, 4)[np.arange(24) % 2]
    config = shop.changed(tag_tower="text", user_id_width=4)
    pooled = shop.pooled(config=config, item_text=sides, tag_text=sides)
    assert own_side(pooled, pooled.tag_vectors(["a", "b"], np.eye(2, 4))) > 0.95
    users = [f"u{code:02}" for code in range(40)]
    assert own_side(pooled, pooled.user_vectors(shop.events, users)) > 0.9
    with pytest.raises(DataError, match=r"shape \(1, 4\); it got none"):
        pooled.tag_vectors(["a"])
    with pytest.raises(DataError, match=r"it got \(1, 3\)"):
        pooled.tag_vectors(["a"], np.zeros((1, 3)))


def test_a_large_catalogue_is_sampled_and_still_learnt(shop):
    pooled = shop.pooled(config=shop.changed(negatives=12, spectral=False, epochs=6))
    users = [f"u{code:02}" for code in range(40)]
    assert own_side(pooled, pooled.user_vectors(shop.events, users)) > 0.9


def test_no_tags_no_features_and_no_validation_will_do(shop):
    config = shop.changed(validation_days=0, epochs=1, epoch_examples=50, target="window")
    pooled = shop.pooled(items=shop.items.select("item_id", "title"), item_tags=None, config=config)
    assert [epoch.part for epoch in pooled.history] == ["final"]
    assert np.isfinite(pooled.item_vectors()[1]).all()


def test_a_log_too_short_to_validate_is_learnt_for_all_epochs(shop):
    early = shop.start + timedelta(days=20)
    pooled = shop.pooled(as_of=early)
    assert [epoch.part for epoch in pooled.history] == ["final"] * shop.config.epochs


def test_a_vector_does_not_depend_on_what_else_is_asked_for(shop, pooled):
    users = [f"u{code:02}" for code in range(40)]
    tags = [f"{shape} thing {row}" for shape in ("round", "square", "new") for row in range(100)]
    alone = [pooled.user_vectors(shop.events, [user])[0] for user in users]
    np.testing.assert_array_equal(pooled.user_vectors(shop.events, users), alone)
    np.testing.assert_array_equal(pooled.tag_vectors(tags)[[7, 290]], pooled.tag_vectors([tags[7], tags[290]]))
