import numpy as np
import polars as pl
import pytest

from encoder_world import DAYS, KINDS, day, events, impressions, items, purchases, shelf, tiny, trained, untrained
from intentrec.errors import ConfigError, DataError

SHOWN = impressions(*(f"u{user:02} i{(user + 3) % 16:02} {user / 2}" for user in range(24)))
LATER = events("u00 i01 28", "u01 i00 29", "new i02 30", "u05 later 31")
SHOWN_LATER = impressions("u00 i03 28", "u02 later 40", "new i05 28")


@pytest.mark.parametrize("changes", [{"numbers": "percentile", "history": "all"}, {"validation": "last", "logq": True}])
def test_nothing_of_the_future_is_learned(bert, changes):
    config = tiny(bert, epochs=1, **changes)
    one = trained(config, impressions=SHOWN)
    more = pl.concat(
        [items({"item_id": "later", "title": "blue nail", "price": 0.5, "created_at": day(DAYS)}), shelf()]
    )
    log, shown = pl.concat([LATER, purchases()]), pl.concat([SHOWN_LATER, SHOWN])
    other = trained(config, log, items=more, impressions=shown)
    assert one.version == other.version
    assert [epoch.loss for epoch in one.history] == [epoch.loss for epoch in other.history]
    before = one.reading(purchases(), shelf(), day(DAYS), impressions=SHOWN)
    after = other.reading(log, more, day(DAYS), impressions=shown)
    assert before.item_ids == after.item_ids
    users = before.data.users.names
    assert users == after.data.users.names
    for texts in ("item_vectors", "user_vectors"):
        asked = () if texts == "item_vectors" else (users,)
        found = [getattr(each, texts)(*asked, model.coder()) for each, model in ((before, one), (after, other))]
        np.testing.assert_array_equal(found[0][-1], found[1][-1])


def test_what_happens_before_the_moment_does_matter(bert):
    config = tiny(bert, epochs=1)
    log = pl.concat([purchases(), events("u00 i01 27.9")])
    assert trained(config, log).version != trained(config).version


def test_without_epochs_the_model_stays_as_it_is(bert):
    made = trained(tiny(bert, epochs=0))
    assert made.history == []
    assert made.version == untrained(tiny(bert)).version
    assert not made.opened.backbone.training


def test_a_trained_encoder_says_what_it_was_trained_with(encoder, bert):
    assert (encoder.config, encoder.as_of, encoder.kinds) == (tiny(bert), day(DAYS), KINDS)
    assert [epoch.epoch for epoch in encoder.history] == [0, 1, 2]
    assert not encoder.opened.backbone.training
    assert all(type(weight) is float for weight in trained(tiny(bert, epochs=0), kinds={"purchase": 2}).kinds.values())


def test_days_can_be_held_out_for_others_without_validating(bert):
    made = trained(tiny(bert, epochs=1, validation_days=5.0, validation_users=0))
    assert made.history[0].recall is None
    assert made.version != trained(tiny(bert, epochs=1)).version


def test_training_goes_on_from_a_trained_encoder(bert, encoder, tmp_path):
    encoder.save(tmp_path)
    again = trained(tiny(tmp_path / "model", epochs=1))
    assert again.history[0].loss < encoder.history[0].loss - 0.5
    assert trained(tiny(tmp_path / "model", epochs=0)).version == encoder.version


def test_a_kind_of_event_is_read_only_where_it_is_named(bert):
    with pytest.raises(DataError, match="there is no pair to learn from"):
        trained(tiny(bert), kinds={"view": 1.0})


def test_attributes_reach_the_model(bert):
    users = pl.DataFrame({"user_id": [f"u{n:02}" for n in range(24)], "city": ["rome", "oslo"] * 12})
    config = tiny(bert, epochs=1, user_attributes=("city",))
    assert trained(config, users=users).version != trained(config).version
    with pytest.raises(ConfigError, match="user_attributes names 'city'"):
        trained(config, users=users.drop("city"))
