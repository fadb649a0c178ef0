import inspect
import textwrap

import polars as pl
import pytest

import intentrec.testing
from intentrec.evaluation.baselines import ItemKNN, Popularity
from intentrec.testing import RetrieverConformance, checkerboard

TESTS = [name for name in dir(RetrieverConformance) if name.startswith("test_")]


class Wrapped:
    """ItemKNN with one promise broken."""

    name = "broken"

    def __init__(self, change):
        self.change, self.inner = change, ItemKNN()

    def fit(self, events, items):
        self.inner.fit(events, items)
        return self

    def recommend(self, users, k, *, filter_viewed=True, items=None):
        return self.change(self.inner, users, k, filter_viewed, items)


def plain(inner, users, k, viewed, items):
    return inner.recommend(users, k, filter_viewed=viewed, items=items)


def failed(retriever_of, least=1.0):
    class Kit(RetrieverConformance):
        least_right = least

        def build(self):
            return retriever_of()

    found = []
    for name in TESTS:
        try:
            getattr(Kit(), name)()
        except AssertionError:
            found.append(name)
    return found


def test_a_sound_retriever_passes_everything():
    assert failed(lambda: Wrapped(plain)) == []


def test_a_retriever_that_is_not_personal_fails_only_the_planted_truth():
    assert failed(lambda: Popularity(days=365)) == ["test_the_planted_item_comes_first"]


BROKEN = {
    "test_rows_have_the_columns_of_the_protocol": lambda *a: plain(*a).with_columns(pl.col("rank").cast(pl.Int64)),
    "test_users_come_back_in_the_order_asked": lambda *a: plain(*a).sort("user_id", "rank"),
    "test_ranks_count_from_one_without_gaps_up_to_k": lambda *a: plain(*a).with_columns(rank=pl.col("rank") - 1),
    "test_no_item_comes_twice": lambda *a: plain(*a).with_columns(item_id=pl.lit("i000")),
    "test_order_is_score_descending_then_item_id": lambda *a: plain(*a).with_columns(score=-pl.col("score")),
    "test_a_longer_list_begins_with_the_shorter_one": lambda inner, users, k, viewed, items: inner.recommend(
        users, k, filter_viewed=k > 3 or viewed is False, items=items
    ).filter(pl.col("item_id") != ("i000" if k == 3 else "i001")),
    "test_seen_items_are_left_out_only_when_asked": lambda inner, users, k, viewed, items: inner.recommend(
        users, k, filter_viewed=False, items=items
    ),
    "test_only_allowed_items_are_returned": lambda inner, users, k, viewed, items: inner.recommend(
        users, k, filter_viewed=viewed
    ),
    "test_a_stranger_is_no_error_and_changes_nothing_for_others": lambda inner, users, *a: plain(
        inner, users, *a
    ).filter("somebody-new" not in users),
    "test_what_is_left_out_makes_room_for_the_next": lambda inner, users, k, viewed, items: inner.recommend(
        users, k, filter_viewed=False
    ).filter(pl.col("item_id").is_in(items or [f"i{n:03}" for n in range(20)])),
    "test_only_strangers_are_no_error": lambda inner, users, *a: plain(inner, users, *a).select(
        *("user_id", "rank", "item_id", "score") if users != ["somebody-new"] else ("item_id",)
    ),
    "test_one_at_a_time_equals_all_at_once": lambda inner, users, *a: plain(inner, users, *a).with_columns(
        score=pl.col("score") + 1 / max(1, len(users))
    ),
}


@pytest.mark.parametrize("promise", BROKEN)
def test_a_broken_promise_is_found(promise):
    assert promise in failed(lambda: Wrapped(BROKEN[promise]))


class Remembering(Wrapped):
    """ItemKNN that also serves histories, with one promise broken."""

    def __init__(self, change):
        super().__init__(plain)
        self.histories = change

    def with_histories(self, events):
        return self.histories(self, events)


def relearned(own, events):
    served = Remembering(own.histories)
    served.inner = own.inner.with_histories(events)
    return served


def forgetful(own, events):
    return own


def changed(own, events):
    own.inner = own.inner.with_histories(events)
    return own


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (relearned, set()),
        (forgetful, {"new_users", "replace"}),
        (changed, {"new_users"}),
    ],
)
def test_histories_are_held_to_their_promise(change, found):
    names = {"new_users": "test_histories_of_new_users_are_served_like_those_it_learned"}
    names["replace"] = "test_histories_replace_what_training_knew_of_a_user"
    assert {names[name] for name in found} <= set(failed(lambda: Remembering(change)))
    assert found or failed(lambda: Remembering(change)) == []


def test_the_example_of_the_docstring_is_all_that_a_retriever_needs():
    lines = inspect.getdoc(intentrec.testing).splitlines()
    start, end = (next(n for n, line in enumerate(lines) if begin in line) for begin in ("from intent", "Needs"))
    namespace = {"MyRetriever": ItemKNN}
    exec(textwrap.dedent("\n".join(lines[start:end])), namespace)
    kit = namespace["TestMine"]()
    for name in TESTS:
        getattr(kit, name)()
    assert len([line for line in lines[start:end] if line.strip()]) == 4


def test_a_retriever_that_answers_before_it_learned_is_found():
    world = checkerboard()

    class Eager(Wrapped):
        def recommend(self, users, k, *, filter_viewed=True, items=None):
            return self.inner.fit(world.events, world.items).recommend(users, k, filter_viewed=filter_viewed)

    assert "test_recommend_before_fit_is_an_error" in failed(lambda: Eager(plain))


def test_a_retriever_that_learns_differently_each_time_is_found():
    times = []

    def restless():
        times.append(len(times))
        shift = times[-1]
        return Wrapped(lambda *a: plain(*a).with_columns(score=pl.col("score") + shift))

    assert "test_learning_again_gives_the_same" in failed(restless)


def test_the_checkerboard_is_what_it_says():
    world = checkerboard(8)
    assert world.users == [f"u{n:03}" for n in range(8)]
    assert world.seen("u001") == {"i003", "i005", "i007"}
    assert world.events["timestamp"].is_sorted()
    assert world.events["item_id"].value_counts()["count"].unique().to_list() == [3]
    assert all(item not in world.seen(user) for user, item in world.answers.items())
