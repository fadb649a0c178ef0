import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file

from intentrec.errors import ConfigError, DataError, NotFittedError
from intentrec.towers import Towers


def own_side(towers, vectors):
    """Share of the 8 nearest items that are on the side of each row, even rows first: 0.5 by chance."""
    _, items = towers.item_vectors()
    best = np.argsort(-(vectors @ items.T), axis=1)[:, :8]
    return float((best % 2 == np.arange(len(vectors))[:, None] % 2).mean())


def test_users_are_near_the_items_of_their_side(shop, towers):
    users = [f"u{code:02}" for code in range(40)]
    assert own_side(towers, towers.user_vectors(shop.events, users)) > 0.95


def test_tags_are_near_the_items_that_they_name_even_in_new_words(towers):
    tags = ["round thing", "square thing", "a ROUND lamp", "square, unheard-of"]
    assert own_side(towers, towers.tag_vectors(tags)) > 0.95


def test_the_history_tells_of_validation_then_of_the_final_run(towers, shop):
    parts = [epoch.part for epoch in towers.history]
    n_final = parts.count("final")
    assert parts == ["validation"] * (len(parts) - n_final) + ["final"] * n_final
    scores = [epoch.recall.score for epoch in towers.history if epoch.recall]
    assert n_final == 1 + int(np.argmax(scores))
    assert 0.4 < max(scores) <= 1
    assert all(epoch.loss > 0 for epoch in towers.history)


def test_the_held_out_towers_have_not_seen_the_window(shop, towers):
    cut = shop.as_of - timedelta(days=shop.config.validation_days)
    held_out = towers.held_out
    assert held_out.as_of == cut
    assert held_out.held_out is None
    users = [f"u{code:02}" for code in range(40)]
    assert own_side(held_out, held_out.user_vectors(shop.events, users)) > 0.95
    later = shop.events.with_columns(
        pl.when(pl.col("timestamp") >= cut).then(pl.lit("v00")).otherwise("item_id").alias("item_id")
    )
    changed = shop.fit(events=later).held_out
    n_epochs = min(len(held_out.history), len(changed.history))
    assert [epoch.loss for epoch in held_out.history[:n_epochs]] == [epoch.loss for epoch in changed.history[:n_epochs]]


def test_the_same_seed_gives_the_same_towers_and_leaves_torch_as_it_was(shop, towers):
    state = torch.get_rng_state()
    again, other = shop.fit(), shop.fit(seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert again.version == towers.version
    assert other.version != towers.version
    np.testing.assert_array_equal(again.item_vectors()[1], towers.item_vectors()[1])


def test_what_happens_at_or_after_as_of_changes_nothing(shop):
    as_of = shop.start + timedelta(days=100)
    later = pl.col("timestamp") >= as_of
    marker = {"user_id": "future-user", "item_id": "future-item"}
    changed = shop.events.with_columns(
        pl.when(later).then(pl.lit(value)).otherwise(name).alias(name) for name, value in marker.items()
    )
    new_item = {
        "item_id": "future-item",
        "title": "future word",
        "category": "future",
        "price": 9.0,
        "created_at": as_of,
    }
    born = shop.items.with_columns(pl.lit(shop.start).dt.cast_time_unit("us").alias("created_at"))
    items = pl.concat([born, pl.DataFrame([new_item], schema=born.schema)])
    tags = pl.concat(
        [shop.item_tags, pl.DataFrame([("future-item", "future tag", "future")], shop.item_tags.schema, orient="row")]
    )
    one = shop.fit(events=shop.events.filter(~later), as_of=as_of)
    two = shop.fit(events=changed, items=items, item_tags=tags.filter(pl.col("item_id") != "future-item"), as_of=as_of)
    assert one.version == two.version
    assert "future-item" not in two.item_vectors()[0]
    assert not any("future" in word for word in two.words.names)
    users = ["u01", "future-user"]
    np.testing.assert_array_equal(one.user_vectors(shop.events, users), two.user_vectors(changed, users))


def test_saved_towers_serve_without_training_data(shop, towers, tmp_path):
    towers.save(tmp_path / "towers")
    loaded = Towers.load(tmp_path / "towers")
    assert {file.name for file in (tmp_path / "towers").iterdir()} == {"towers.json", "towers.safetensors"}
    assert loaded.version == towers.version
    assert loaded.history == towers.history
    assert (loaded.as_of, loaded.kinds, loaded.config) == (towers.as_of, towers.kinds, towers.config)
    history = shop.events.filter(pl.col("user_id") == "u03").with_columns(pl.lit("stranger").alias("user_id"))
    for one, other in (
        (loaded.item_vectors()[1], towers.item_vectors()[1]),
        (loaded.user_vectors(history, ["stranger"]), towers.user_vectors(shop.events, ["u03"])),
        (loaded.tag_vectors(["round thing"]), towers.tag_vectors(["round thing"])),
    ):
        np.testing.assert_array_equal(one, other)


def test_a_damaged_or_foreign_folder_is_named(towers, tmp_path):
    with pytest.raises(NotFittedError, match="no towers"):
        Towers.load(tmp_path)
    towers.save(tmp_path)
    weights = load_file(tmp_path / "towers.safetensors")
    assert weights["table"].shape == (24, 18)
    meta = json.loads((tmp_path / "towers.json").read_text("utf-8"))
    (tmp_path / "towers.json").write_text(json.dumps({**meta, "format": 99}), "utf-8")
    with pytest.raises(DataError, match="format 99"):
        Towers.load(tmp_path)
    (tmp_path / "towers.safetensors").write_bytes(b"short")
    with pytest.raises(DataError, match="damaged"):
        Towers.load(tmp_path)


def test_users_come_back_in_the_order_asked_for_and_unknown_ones_get_what_is_in_demand(shop, towers):
    vectors = towers.user_vectors(shop.events, ["u05", "nobody", "u05", "u01"])
    assert vectors.shape == (4, towers.width)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    np.testing.assert_array_equal(vectors[1], towers.user_vectors(shop.events, ["another"])[0])
    assert np.isfinite(vectors).all()
    assert towers.user_vectors(shop.events, []).shape == (0, towers.width)


def test_an_earlier_moment_reads_only_what_came_before(shop, towers):
    moment = shop.start + timedelta(days=60)
    before = shop.events.filter(pl.col("timestamp") < moment)
    np.testing.assert_array_equal(
        towers.user_vectors(shop.events, ["u00"], moment), towers.user_vectors(before, ["u00"], moment)
    )


def test_no_tags_and_tags_without_a_known_word_have_vectors(towers):
    assert towers.tag_vectors([]).shape == (0, towers.width)
    assert np.isfinite(towers.tag_vectors(["", "zzz"])).all()


def test_text_vectors_of_items_and_tags(shop):
    sides = np.eye(2, 4)[np.arange(24) % 2]
    config = shop.config.model_copy(update={"tag_tower": "text", "user_id_width": 4})
    towers = shop.fit(config=config, item_text=sides, tag_text=sides)
    assert own_side(towers, towers.tag_vectors(["a", "b"], np.eye(2, 4))) > 0.95
    users = [f"u{code:02}" for code in range(40)]
    assert own_side(towers, towers.user_vectors(shop.events, users)) > 0.9
    with pytest.raises(DataError, match=r"shape \(1, 4\); it got none"):
        towers.tag_vectors(["a"])
    with pytest.raises(DataError, match=r"it got \(1, 3\)"):
        towers.tag_vectors(["a"], np.zeros((1, 3)))


def test_a_large_catalogue_is_sampled_and_still_learnt(shop):
    towers = shop.fit(config=shop.config.model_copy(update={"negatives": 12, "spectral": False, "epochs": 6}))
    users = [f"u{code:02}" for code in range(40)]
    assert own_side(towers, towers.user_vectors(shop.events, users)) > 0.9


def test_no_tags_no_features_and_no_validation_will_do(shop):
    config = shop.config.model_copy(
        update={"validation_days": 0, "epochs": 1, "epoch_examples": 50, "target": "window"}
    )
    towers = shop.fit(items=shop.items.select("item_id", "title"), item_tags=None, config=config)
    assert [epoch.part for epoch in towers.history] == ["final"]
    assert np.isfinite(towers.item_vectors()[1]).all()


def test_a_log_too_short_to_validate_is_learnt_for_all_epochs(shop):
    early = shop.start + timedelta(days=20)
    towers = shop.fit(as_of=early)
    assert [epoch.part for epoch in towers.history] == ["final"] * shop.config.epochs


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"kinds": {"view": 1.0}}, DataError, r"no event of the kinds \['view'\]"),
        ({"item_text": np.zeros((3, 2))}, DataError, "3 text vectors for 24 items"),
        ({"tag_text": np.zeros((3, 2)), "change": {"tag_tower": "text"}}, DataError, "3 text vectors for 24 tags"),
        ({"change": {"tag_tower": "text"}}, DataError, "give tag_text"),
        ({"change": {"step_days": 366.0}}, DataError, "nothing to learn from"),
        ({"change": {"rate": 1e30, "embedding_rate": 1e30}}, ConfigError, "The loss of the towers became"),
    ],
)
def test_what_cannot_be_learnt_is_said_plainly(shop, changes, error, message):
    config = shop.config.model_copy(update=changes.pop("change", {}))
    with pytest.raises(error, match=message):
        shop.fit(config=config, **changes)


def test_an_as_of_without_a_zone_is_refused(shop):
    with pytest.raises(DataError, match="names no time zone"):
        shop.fit(as_of=shop.as_of.replace(tzinfo=None))


def test_progress_counts_the_steps(shop):
    done = []

    class Counter:
        def track(self, label, total=None):
            from contextlib import nullcontext

            return nullcontext(done.append)

    shop.fit(progress=Counter(), config=shop.config.model_copy(update={"epochs": 1}))
    assert sum(done) > 0


def test_a_vector_does_not_depend_on_what_else_is_asked_for(shop, towers):
    users = [f"u{code:02}" for code in range(40)]
    tags = [f"{shape} thing {row}" for shape in ("round", "square", "new") for row in range(100)]
    alone = [towers.user_vectors(shop.events, [user])[0] for user in users]
    np.testing.assert_array_equal(towers.user_vectors(shop.events, users), alone)
    np.testing.assert_array_equal(towers.tag_vectors(tags)[[7, 290]], towers.tag_vectors([tags[7], tags[290]]))
