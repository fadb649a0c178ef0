from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import torch

from intentrec.errors import ConfigError, DataError
from intentrec.retrieval.blend import Blend
from intentrec.retrieval.memory import PARTS
from intentrec.towers import TowersConfig, fit

START = datetime(2024, 1, 1, tzinfo=UTC)
ALL = ("pooled", "sequence", "memory", "fresh")


def log_of(rows):
    """Rows of user, item and day."""
    columns = {
        "user_id": [user for user, _, _ in rows],
        "item_id": [item for _, item, _ in rows],
        "timestamp": [START + timedelta(days=day) for *_, day in rows],
        "event": ["buy"] * len(rows),
        "row": list(range(len(rows))),
    }
    return pl.DataFrame(columns, schema_overrides={"timestamp": pl.Datetime("us", "UTC")})


def remember(events, *, as_of=START + timedelta(days=100), items=None, parts=("memory",), **changes):
    """Towers without any training."""
    ids = sorted(set(events["item_id"])) if items is None else items
    config = TowersConfig(parts=parts, **changes)
    frame = pl.DataFrame({"item_id": ids, "title": ids})
    return fit(events, frame, as_of=as_of, kinds={"buy": 1.0}, config=config)


def chains(n_users=150):
    """Users who take a, then b; at last they take what only last events hold: the c of their number."""
    rows = []
    for user in range(n_users):
        pair = user % 5
        rows += [(f"u{user:03}", f"a{pair}", 60), (f"u{user:03}", f"b{pair}", 70), (f"u{user:03}", f"c{pair}", 80)]
    return log_of(rows)


def nonzero(table, memory, row):
    """Names of the neighbours of an item."""
    return {memory.items[column] for column in np.flatnonzero(table.toarray()[memory.items.tolist().index(row)])}


def test_the_parts_are_those_that_the_settings_name(shop, towers):
    assert (towers.sequence, towers.fresh) == (None, None)
    assert towers.held_out.held_out is None
    assert towers.held_out.pooled is towers.pooled.held_out
    assert towers.blend.parts == ("pooled", *PARTS)
    assert towers.blend == towers.held_out.blend
    assert towers.width == towers.pooled.width == shop.config.width + shop.config.context_width


def test_the_held_out_memory_and_weights_have_not_seen_the_window(shop):
    cut = shop.as_of - timedelta(days=shop.config.validation_days)
    config = shop.changed(parts=("memory", "fresh"))
    one = shop.fit(config=config).held_out
    shuffled = pl.when(pl.col("timestamp") >= cut).then(pl.lit("v00")).otherwise("item_id").alias("item_id")
    two = shop.fit(config=config, events=shop.events.with_columns(shuffled)).held_out
    assert one.as_of == two.as_of == cut
    assert one.memory.version == two.memory.version
    assert one.blend != two.blend  # the window is what they are judged by
    assert one.fresh.tolist() == two.fresh.tolist()


def test_what_happens_at_or_after_as_of_changes_nothing(shop):
    as_of = shop.start + timedelta(days=100)
    later = pl.col("timestamp") >= as_of
    marker = {"user_id": "future-user", "item_id": "future-item"}
    changed = shop.events.with_columns(
        pl.when(later).then(pl.lit(value)).otherwise(name).alias(name) for name, value in marker.items()
    )
    new_item = {"item_id": "future-item", "title": "future word", "category": "future", "price": 9.0}
    born = shop.items.with_columns(pl.lit(shop.start).dt.cast_time_unit("us").alias("created_at"))
    items = pl.concat([born, pl.DataFrame([new_item | {"created_at": as_of}], schema=born.schema)])
    tags = pl.concat(
        [shop.item_tags, pl.DataFrame([("future-item", "future tag", "future")], shop.item_tags.schema, orient="row")]
    )
    config = shop.changed(parts=ALL)
    one = shop.fit(events=shop.events.filter(~later), as_of=as_of, config=config)
    two = shop.fit(events=changed, items=items, item_tags=tags.head(24), as_of=as_of, config=config)
    assert one.version == two.version
    assert one.held_out.version == two.held_out.version
    assert one.blend == two.blend
    assert "future-item" not in two.item_vectors()[0]
    assert not any("future" in word for word in two.pooled.words.names)
    users = ["u01", "future-user"]
    np.testing.assert_array_equal(one.user_vectors(shop.events, users), two.user_vectors(changed, users))
    said = [which.remembered.scores(changed, users, as_of).toarray() for which in (one, two)]
    np.testing.assert_array_equal(*said)


def test_the_same_seed_gives_the_same_towers_and_leaves_torch_as_it_was(shop, towers):
    state = torch.get_rng_state()
    again, other = shop.fit(), shop.fit(seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert again.version == towers.version
    assert other.version != towers.version
    np.testing.assert_array_equal(again.item_vectors()[1], towers.item_vectors()[1])


def test_the_sum_of_parts_is_better_than_each():
    """Users keep to their half of a catalogue, which vectors learn; who takes a key takes its lock next."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(240):
        for visit in range(10):
            when = float(visit * 10 + 8 * rng.random())
            rows.append((f"u{user:03}", f"v{2 * rng.integers(60) + user % 2:03}", when))
            pair = rng.integers(40)
            rows += [(f"u{user:03}", f"key{pair:02}", when + 0.1), (f"u{user:03}", f"lock{pair:02}", when + 10.1)]
    events, as_of = log_of(rows), START + timedelta(days=90)
    ids = sorted(set(events["item_id"]))
    config = TowersConfig(
        width=8, context_width=0, feature_width=2, hidden=8, epochs=2, batch=64, recall_at=20, warmup_days=20,
        step_days=10, horizon_days=10, validation_days=10, embedding_rate=0.01, rate=0.01, blend_at=20,
    )  # fmt: skip
    items = pl.DataFrame({"item_id": ids, "title": ids})
    towers = fit(events, items, as_of=as_of, kinds={"buy": 1.0}, config=config)
    window = events.filter(pl.col("timestamp").is_between(as_of, as_of + timedelta(days=10), closed="left"))
    users = sorted(set(window["user_id"]))

    def recall(blend):
        served = replace(towers, blend=blend)
        dense = served.user_vectors(events, users, as_of) @ served.item_vectors()[1].T
        total = dense + served.remembered.scores(events, users, as_of).toarray()
        best = np.argsort(-total, axis=1)[:, :20]
        hits = {(users[row], ids[item]) for row, some in enumerate(best) for item in some}
        wanted = set(window.select("user_id", "item_id").iter_rows())
        return len(hits & wanted) / len(wanted)

    whole = towers.blend
    alone = [_only(whole, ("pooled",)), _only(whole, PARTS)]
    assert recall(whole) > 1.02 * max(recall(blend) for blend in alone)


def _only(blend, names):
    rows = tuple(tuple(w * (part in names) for w, part in zip(row, blend.parts, strict=True)) for row in blend.weights)
    return Blend(blend.parts, blend.edges, rows)


def test_leave_one_out_hides_the_last_event_of_each_user_from_the_held_out_part():
    events = pl.concat([chains(), log_of([("single", "c0", 80), ("single-b", "a0", 99)])])
    events = events.with_columns(row=pl.int_range(pl.len()))
    towers = remember(events, validation="last")
    held_out, memory = towers.held_out.memory, towers.memory
    assert nonzero(memory.tables["after"], memory, "b1") == {"c1"}
    assert nonzero(memory.tables["together"], memory, "c1") == {"a1", "b1"}
    for name in ("after", "together"):
        assert nonzero(held_out.tables[name], held_out, "b1") <= {"a1"}
        assert nonzero(held_out.tables[name], held_out, "c1") == set()
    assert nonzero(held_out.tables["after"], held_out, "a1") == {"b1"}
    assert towers.held_out.as_of == towers.as_of


def test_leave_one_out_fits_weights_for_what_comes_next():
    # Four steps along one of seven circles of six: what was hidden while the weights were fitted is what comes next.
    rows = []
    for user in range(300):
        first = user % 6
        rows += [(f"u{user:03}", f"{user % 7}-{(first + step) % 6}", float(step)) for step in range(4)]
    towers = remember(log_of(rows), validation="last", repeats=False, blend_edges=(), blend_at=1)
    history = log_of([("new", "3-4", 0), ("new", "3-5", 1)])
    best = towers.remembered.scores(history, ["new"], START + timedelta(days=2)).toarray()[0]
    assert towers.items.names[best.argmax()] == "3-0"


def test_leave_one_out_needs_no_days_of_validation():
    towers = remember(chains(), validation="last", validation_days=0)
    assert towers.held_out is not None


def test_the_last_event_is_the_last_of_an_item_that_may_be_recommended():
    gone = log_of([(f"u{user:03}", "gone", 90) for user in range(150)])
    events = pl.concat([chains(), gone]).with_columns(row=pl.int_range(pl.len()))
    items = sorted(set(chains()["item_id"]))
    kept = remember(events, validation="last", items=items)
    assert kept.held_out.version == remember(chains(), validation="last", items=items).held_out.version


@pytest.mark.parametrize("validation", ["last", "window"])
def test_numbers_of_rows_that_come_again_for_other_users_do_not_matter(validation):
    events = chains()
    again = events.with_columns(row=pl.int_range(pl.len()).over("user_id"))
    one, two = (remember(which, validation=validation) for which in (events, again))
    assert one.blend == two.blend
    assert one.held_out.version == two.held_out.version


def test_without_validation_vectors_count_alike_and_a_memory_counts_only_alone(shop):
    alone = remember(chains(), validation_days=0)
    assert alone.held_out is None
    assert alone.blend == Blend.equal(PARTS)
    assert alone.remembered.scores(chains(), ["u000"], alone.as_of).nnz
    config = shop.changed(parts=("sequence", "memory"), validation_days=0)
    beside = shop.fit(config=config)
    assert beside.held_out is None
    assert beside.blend == Blend.equal(("sequence",))
    assert not beside.remembered.scores(shop.events, ["u00"], beside.as_of).nnz


def test_nobody_who_came_back_leaves_the_weights_as_they_are():
    early, late = log_of([("a", "x", 1), ("a", "y", 2)]), log_of([("b", "x", 95)])
    events = pl.concat([early, late]).with_columns(row=pl.int_range(pl.len()))
    towers = remember(events, as_of=START + timedelta(days=100))
    assert towers.held_out is not None
    assert towers.blend == Blend.equal(PARTS)


def test_leave_one_out_and_moments_do_not_go_together(shop):
    with pytest.raises(ConfigError, match='Take "pooled" out of towers.parts'):
        shop.fit(config=shop.changed(validation="last"))


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
    changes = dict(changes)
    config = shop.changed(**changes.pop("change", {}))
    with pytest.raises(error, match=message):
        shop.fit(config=config, **changes)


def test_an_as_of_without_a_zone_is_refused(shop):
    with pytest.raises(DataError, match="names no time zone"):
        shop.fit(as_of=shop.as_of.replace(tzinfo=None))


def test_progress_counts_the_steps(shop):
    done = []

    class Counter:
        def track(self, label, total=None):
            return nullcontext(done.append)

    shop.fit(progress=Counter(), config=shop.changed(epochs=1, epoch_examples=200))
    assert sum(done) > 0
