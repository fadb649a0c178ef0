import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.errors import DataError
from intentrec.retrieval import FUSED_SCHEMA, ItemIndex, RetrievalConfig, Tags, recommend

# Two directions: x is what the user's history says, y is what tags say.
INDEX = ItemIndex.build(
    ["both", "tagged", "tagged2", "usual", "usual2"], np.array([[1, 1], [0, 2], [0, 1.5], [2, 0], [1.5, 0]])
)
USERS = np.array([[1.0, 0.0], [1.0, 0.0]])


def tags_of(rows, vectors):
    frame = pl.DataFrame(rows, schema={"user_id": pl.String, "tag": pl.String, "interest_id": pl.String}, orient="row")
    frame = frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("user_id").alias("rank"))
    return Tags(frame, list(vectors), np.array(list(vectors.values()), dtype=float))


TAGS = tags_of([("ann", "up", "i1"), ("ann", "right", "i1")], {"right": [0.5, 0.0], "up": [0.0, 1.0]})


def test_a_user_without_tags_gets_the_plain_list():
    got = recommend(INDEX, ["bob"], USERS[:1], 2, beta=0.5, config=RetrievalConfig(), tags=TAGS)
    assert got.rows() == [
        ("bob", 1, "usual", 2.0, 2.0, None, "user", None, None),
        ("bob", 2, "usual2", 1.5, 1.5, None, "user", None, None),
    ]
    assert got.schema == pl.Schema(FUSED_SCHEMA)


def test_hand_computed_fusion_with_quotas():
    # interest = mean(up, right) = (.25, .5); query = .5 (1, 0) + .5 (.25, .5) = (.625, .25)
    got = recommend(INDEX, ["ann"], USERS[:1], 4, beta=0.5, config=RetrievalConfig(user_share=0.5), tags=TAGS)
    rows = {row["item_id"]: row for row in got.to_dicts()}
    # plain: usual, usual2, both ; interest: usual 1.25, usual2 .9375, both .875, tagged .5
    assert list(rows) == ["usual", "usual2", "both", "tagged"]
    assert rows["usual"]["score_user"] == 1.0
    assert rows["usual"]["score_tag"] == 0.25
    assert rows["tagged"]["score"] == rows["tagged"]["score_tag"] == 0.5
    assert [rows[item]["tag"] for item in ("usual", "both", "tagged")] == ["right", "up", "up"]
    assert set(got["interest_id"]) == {"i1"}


def test_interests_fill_their_share_of_the_list():
    axes = np.repeat(np.eye(3), 4, axis=0) * np.tile([4, 3, 2, 1], 3)[:, None]
    index = ItemIndex.build([f"{axis}{place}" for axis in "abc" for place in range(4)], axes)
    tags = tags_of([("ann", "up", "i1"), ("ann", "out", "i2")], {"up": [0, 1, 0], "out": [0, 0, 1]})
    user = np.array([[1.0, 0.0, 0.0]])
    got = recommend(index, ["ann"], user, 4, beta=0.4, config=RetrievalConfig(user_share=0.5), tags=tags)
    assert got.select("item_id", "source").rows() == [("b0", "tag"), ("c0", "tag"), ("a0", "user"), ("a1", "user")]
    assert got["interest_id"].to_list()[:2] == ["i1", "i2"]


@pytest.mark.parametrize(("share", "source"), [(0.0, {"tag"}), (1.0, {"user"})])
def test_a_share_of_nothing_silences_a_channel(share, source):
    config = RetrievalConfig(user_share=share)
    got = recommend(INDEX, ["ann"], USERS[:1], 3, beta=0.5, config=config, tags=TAGS)
    assert set(got["source"]) == source


def test_single_query_takes_all_tags_together_and_names_the_nearest_tag_and_its_interest():
    tags = tags_of([("ann", "up", "i1"), ("ann", "right", "i2")], {"up": [0, 1], "right": [0.5, 0]})
    got = recommend(INDEX, ["ann"], USERS[:1], 5, beta=0.5, config=RetrievalConfig(fused="single"), tags=tags)
    query = 0.5 * USERS[0] + 0.5 * np.array([0.25, 0.5])
    by_item = dict(zip(INDEX.ids.tolist(), INDEX.vectors @ query, strict=True))
    assert dict(got.select("item_id", "score").iter_rows()) == pytest.approx(by_item)
    assert got.filter(pl.col("item_id") == "tagged")["interest_id"].item() == "i1"
    assert got.filter(pl.col("item_id") == "usual")["interest_id"].item() == "i2"


def test_beta_one_takes_no_tag_into_account():
    got = recommend(INDEX, ["ann", "bob"], USERS, 3, beta=np.array([1.0, 0.5]), config=RetrievalConfig(), tags=TAGS)
    assert got["tag"].null_count() == len(got)
    assert got.filter(pl.col("user_id") == "ann")["item_id"].to_list() == ["usual", "usual2", "both"]


def test_filters_hold_in_every_channel():
    events = pl.DataFrame({"user_id": ["ann", "bob"], "item_id": ["usual", "usual2"]})
    users = ["bob", "ann"]
    got = recommend(
        INDEX, users, USERS, 5, beta=0.5, config=RetrievalConfig(), tags=TAGS,
        allowed=INDEX.mask(["usual", "usual2", "tagged"]), excluded=INDEX.pairs(users, events),
    )  # fmt: skip
    assert got["user_id"].unique(maintain_order=True).to_list() == users
    assert set(got.filter(pl.col("user_id") == "ann")["item_id"]) == {"usual2", "tagged"}
    assert set(got.filter(pl.col("user_id") == "bob")["item_id"]) == {"usual", "tagged"}


def test_no_users_give_an_empty_table_of_the_right_shape():
    got = recommend(INDEX, [], np.zeros((0, 2)), 5, beta=1.0, config=RetrievalConfig())
    assert got.schema == pl.Schema(FUSED_SCHEMA)
    assert got.is_empty()


def test_what_does_not_fit_is_refused():
    config = RetrievalConfig()
    with pytest.raises(DataError, match="twice"):
        recommend(INDEX, ["a", "a"], USERS, 1, beta=1.0, config=config)
    with pytest.raises(DataError, match=r"shape \(2, 2\)"):
        recommend(INDEX, ["a"], USERS, 1, beta=1.0, config=config)
    lost = Tags(TAGS.frame, ["right"], np.zeros((1, 2)))
    with pytest.raises(DataError, match="'up' has no vector"):
        recommend(INDEX, ["ann"], USERS[:1], 1, beta=0.5, config=config, tags=lost)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["interests", "single"]), st.integers(1_000, 2_000))
def test_scores_add_up_lists_are_full_and_blocks_do_not_matter(seed, fused, block):
    rng = np.random.default_rng(seed)
    n_users, n_items, k = 9, 300, 12
    index = ItemIndex.build([f"v{row}" for row in range(n_items)], rng.standard_normal((n_items, 6)))
    users = [f"u{row}" for row in range(n_users)]
    names = [f"t{row}" for row in range(8)]
    rows = [
        (user, tag, f"i{rng.integers(3)}") for user in users for tag in rng.choice(names, rng.integers(0, 6), False)
    ]
    tags = tags_of(rows, dict(zip(names, rng.standard_normal((8, 6)), strict=True)))
    vectors, beta = rng.standard_normal((n_users, 6)), rng.random(n_users)
    config = RetrievalConfig(fused=fused, block_scores=block)
    got = recommend(index, users, vectors, k, beta=beta, config=config, tags=tags)
    assert got.select((pl.col("score") == pl.col("score_user") + pl.col("score_tag").fill_null(0)).all()).item()
    assert got.group_by("user_id").agg(pl.col("item_id").n_unique())["item_id"].to_list() == [k] * n_users
    assert got.equals(got.sort(pl.col("user_id").cast(pl.Enum(users)), -pl.col("score"), "item_id"))
    whole = recommend(index, users, vectors, k, beta=beta, config=RetrievalConfig(fused=fused), tags=tags)
    assert got.equals(whole)
