import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.errors import ConfigError, DataError
from intentrec.retrieval import BetaByActivity
from intentrec.retrieval.channels import MERGED_SCHEMA, SHARES, Merged, fit_share
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA


class Scripted:
    """user -> items, best first; remembers how it was asked."""

    def __init__(self, **lists):
        self.lists, self.asked = lists, []

    def recommend(self, users, k, *, filter_viewed=True, items=None):
        self.asked.append((list(users), k, filter_viewed, items))
        rows = [
            (user, rank, item, 1.0 / rank)
            for user in users
            for rank, item in enumerate(self.lists.get(user, ())[:k], start=1)
        ]
        return pl.DataFrame(rows, schema=RECOMMENDED_SCHEMA, orient="row")


def log(**counts):
    """So many events of each user."""
    return pl.DataFrame(
        {"user_id": [user for user, n in counts.items() for _ in range(n)]}, schema={"user_id": pl.String}
    )


def merged(first, second, share, events=None):
    share = share if isinstance(share, BetaByActivity) else BetaByActivity.fixed(share)
    return Merged({"first": first, "second": second}, share, log() if events is None else events)


def listed(first, second, share, k):
    """Items of one user, each with the channel that brought it."""
    rows = merged(Scripted(u=first), Scripted(u=second), share).recommend(["u"], k)
    return ["".join(row) for row in rows.select("item_id", pl.col("source").str.head(1)).iter_rows()]


@pytest.mark.parametrize(
    ("share", "wanted"),
    [
        (1.0, ["af", "bf", "cf"]),
        (0.0, ["xs", "ys", "zs"]),
        (0.5, ["af", "xs", "bf", "ys", "cf", "zs"]),  # turns 2, 2, 4, 4, 6, 6; a tie goes to the first channel
        (
            0.7,
            ["af", "bf", "xs", "cf", "ys", "zs"],
        ),  # turns 1.43, 2.86, 4.29 of the first; 3.33, 6.67, 10 of the second
    ],
)
def test_lists_take_turns_by_their_shares(share, wanted):
    assert listed("abc", "xyz", share, 6) == wanted
    assert listed("abc", "xyz", share, 2) == wanted[:2]


def test_an_item_that_both_offer_comes_once_and_what_follows_it_moves_up():
    assert listed("abc", "bxy", 0.5, 5) == ["af", "bs", "cf", "xs", "ys"]
    assert listed("ab", "ab", 0.5, 5) == ["af", "bf"]


def test_a_channel_that_runs_out_leaves_the_rest_to_the_other():
    assert listed("a", "xyz", 0.7, 4) == ["af", "xs", "ys", "zs"]
    assert listed("", "xyz", 0.5, 2) == ["xs", "ys"]
    assert listed("abc", "", 0.5, 2) == ["af", "bf"]


def test_rows_come_in_the_order_of_the_users_with_ranks_and_falling_scores():
    both = merged(Scripted(u="ab", v="cd", w="e"), Scripted(u="xy", w="z"), 0.5)
    rows = both.recommend(["w", "nobody", "u", "v"], 3)
    assert dict(rows.schema) == MERGED_SCHEMA
    assert rows.rows() == [
        ("w", 1, "e", -1.0, "first"), ("w", 2, "z", -2.0, "second"),
        ("u", 1, "a", -1.0, "first"), ("u", 2, "x", -2.0, "second"), ("u", 3, "b", -3.0, "first"),
        ("v", 1, "c", -1.0, "first"), ("v", 2, "d", -2.0, "first"),
    ]  # fmt: skip


def test_nobody_gets_no_rows_and_all_columns():
    both = merged(Scripted(), Scripted(), 0.5)
    for users in ([], ["nobody"]):
        rows = both.recommend(users, 3)
        assert rows.is_empty()
        assert dict(rows.schema) == MERGED_SCHEMA


def test_both_channels_are_asked_for_what_the_caller_asks_for():
    first, second = Scripted(u="ab"), Scripted(u="xy")
    merged(first, second, 0.5).recommend(["u"], 3, filter_viewed=False, items=["a", "x"])
    assert first.asked == second.asked == [(["u"], 3, False, ["a", "x"])]


def test_the_share_is_that_of_a_users_activity():
    both = merged(Scripted(u="ab", v="ab"), Scripted(u="xy", v="xy"), BetaByActivity((5,), (0.0, 1.0)), log(u=4, v=5))
    rows = both.recommend(["u", "v"], 2)
    assert rows["item_id"].to_list() == ["x", "y", "a", "b"]


ITEMS = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8).map("".join)


@given(ITEMS, ITEMS, st.sampled_from(SHARES), st.integers(1, 10))
def test_no_item_comes_twice_and_nothing_is_left_out_while_there_is_room(first, second, share, k):
    items = [row[0] for row in listed(first, second, share, k)]
    offered = set(first if share > 0 else "") | set(second if share < 1 else "")
    assert len(set(items)) == len(items) <= k
    assert set(items) <= offered
    if len(first) <= k >= len(second):  # both gave all they have
        assert len(items) == min(k, len(offered))


@given(st.sampled_from(SHARES), st.integers(1, 10))
def test_every_prefix_has_about_the_share(share, k):
    rows = listed("abcdefghij", "klmnopqrst", share, k)
    for length in range(1, k + 1):
        mine = sum(row.endswith("f") for row in rows[:length])
        assert abs(mine - share * length) <= 1


def targets(*lines):
    return pl.DataFrame([line.split() for line in lines], schema=["user_id", "item_id"], orient="row")


def test_each_bucket_takes_the_channel_that_is_right_for_it():
    light, heavy = [f"light{n}" for n in range(3)], [f"heavy{n}" for n in range(3)]
    right, wrong = "abcdefghij", "klmnopqrst"  # as long as the list: each place of the other channel costs one
    first = Scripted(**dict.fromkeys(light, right), **dict.fromkeys(heavy, wrong))
    second = Scripted(**dict.fromkeys(light, wrong), **dict.fromkeys(heavy, right))
    wanted = targets(*(f"{user} {item}" for user in light + heavy for item in right))
    events = log(**dict.fromkeys(light, 2), **dict.fromkeys(heavy, 30))
    fitted = fit_share({"first": first, "second": second}, events, wanted, k=10)
    assert fitted.edges == (5, 20)
    assert fitted.of(np.array([2, 30])).tolist() == [1.0, 0.0]
    assert len(first.asked) == len(second.asked) == 1  # asked once, not once for each share


def test_a_mixture_wins_where_each_channel_knows_a_half():
    channels = {"first": Scripted(u="ab"), "second": Scripted(u="xy")}
    fitted = fit_share(channels, log(u=3), targets("u a", "u x"), k=2, edges=())
    assert fitted.values == (0.5,)


def test_where_shares_tie_the_first_channel_stands():
    channels = {"first": Scripted(u="ab"), "second": Scripted(u="ba")}
    assert fit_share(channels, log(u=3), targets("u a", "u b"), k=2, edges=()).values == (1.0,)


def test_what_users_had_is_left_out_only_if_asked():
    channels = {"first": Scripted(u="a"), "second": Scripted(u="b")}
    fit_share(channels, log(u=1), targets("u a"), k=7, filter_viewed=False)
    assert channels["first"].asked == [(["u"], 7, False, None)]


def test_two_channels_are_merged_not_one_or_three():
    with pytest.raises(ConfigError, match="Two channels are merged, not 1"):
        Merged({"only": Scripted()}, BetaByActivity.fixed(0.5), log())


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_lies_between_nothing_and_all(share):
    with pytest.raises(ConfigError, match="must lie between 0 and 1"):
        merged(Scripted(), Scripted(), share)


def test_nothing_to_foresee_is_said():
    with pytest.raises(DataError, match="nothing to fit channel shares by"):
        fit_share({"first": Scripted(), "second": Scripted()}, log(), targets().cast(pl.String), k=2)
