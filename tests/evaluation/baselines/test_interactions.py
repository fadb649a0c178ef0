import pytest

from intentrec.evaluation.baselines.interactions import Interactions, codes


def matrix(events, items, **options):
    built = Interactions.build(events, items, **options)
    return built, built.values.toarray().tolist()


def test_ids_are_sorted_and_places_follow(log, shelf):
    built, values = matrix(log("b y 0", "a x 0"), shelf("y", "x"))
    assert (built.users.to_list(), built.items.to_list()) == (["a", "b"], ["x", "y"])
    assert values == [[1.0, 0.0], [0.0, 1.0]]


def test_the_strongest_event_of_a_pair_counts(log, shelf):
    assert matrix(log("a x 0 0.5", "a x 1 2", "a x 2 1"), shelf("x"))[1] == [[2.0]]


def test_strength_halves_every_half_life_before_the_last_event(log, shelf):
    _, values = matrix(log("a x 0", "a y 10", "b x 20"), shelf("x", "y"), half_life_days=10)
    assert values == [[pytest.approx(0.25), pytest.approx(0.5)], [pytest.approx(1.0), 0.0]]


def test_a_null_weight_is_one_and_weights_up_to_zero_are_only_seen(log, shelf):
    built, values = matrix(log("a x 0", "a y 0 0", "b y 0 -1"), shelf("x", "y"))
    assert values == [[1.0, 0.0], [0.0, 0.0]]
    assert built.seen.toarray().tolist() == [[1, 1], [0, 1]]


def test_events_without_an_item_and_with_unknown_items_are_left_out(log, shelf):
    events = log("a x 0", "b ghost 0")
    search = events.head(1).with_columns(item_id=None)
    built, values = matrix(search.cast(events.schema).vstack(events), shelf("x"))
    assert built.users.to_list() == ["a", "b"]
    assert values == [[1.0], [0.0]]


def test_weights_may_be_absent(log, shelf):
    assert matrix(log("a x 0").drop("weight"), shelf("x"))[1] == [[1.0]]


def test_rows_of_users_keep_their_order_and_strangers_are_minus_one(log, shelf):
    built, _ = matrix(log("a x 0", "b x 0"), shelf("x"))
    assert built.rows_of(["b", "nobody", "a", "b"]).tolist() == [1, -1, 0, 1]


def test_codes_of_nothing_and_against_nothing(log, shelf):
    built, _ = matrix(log("a x 0"), shelf("x"))
    assert codes(built.users.head(0), built.users).tolist() == []
    assert codes(built.users, built.users.head(0)).tolist() == [-1]
