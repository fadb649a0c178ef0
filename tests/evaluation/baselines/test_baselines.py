import itertools
import warnings

import numpy as np
import polars as pl
import pytest

from intentrec.errors import ConfigError, DataError, MissingExtra
from intentrec.evaluation.baselines import (
    BM25,
    EASE,
    IALS,
    Baseline,
    Content,
    ItemKNN,
    Popularity,
    Transitions,
    TwoTower,
)
from intentrec.evaluation.baselines import base as base_module
from intentrec.evaluation.baselines import itemknn as itemknn_module
from intentrec.evaluation.baselines.ease import closed_form
from intentrec.evaluation.baselines.interactions import Interactions
from intentrec.testing import checkerboard


def ranked(system: Baseline, user: str, k: int = 10, **options) -> dict[str, float]:
    rows = system.recommend([user], k, **options)
    return dict(zip(rows["item_id"], rows["score"], strict=True))


def dense(events, items, half_life=36_500.0):
    return Interactions.build(events, items, half_life).values.toarray().astype(np.float64)


# popularity ---------------------------------------------------------------------------------------------------------


def test_popularity_counts_users_of_the_last_days_only(log, shelf):
    events = log("a x 0", "b x 0", "c x 0", "a y 20", "b y 21", "a y 22", "a z 22")
    popular = Popularity(days=7).fit(events, shelf("x", "y", "z"))
    assert ranked(popular, "a", filter_viewed=False) == {"y": 2.0, "z": 1.0}


def test_popularity_settles_ties_by_item_id(log, shelf):
    popular = Popularity(days=7).fit(log("a y 0", "a x 0", "b z 0"), shelf("z", "y", "x"))
    assert list(ranked(popular, "a", filter_viewed=False)) == ["x", "y", "z"]


def test_popularity_serves_strangers_and_filters_what_others_saw(log, shelf):
    popular = Popularity(days=7).fit(log("a y 0", "b y 0", "a x 0"), shelf("x", "y"))
    assert ranked(popular, "stranger") == {"y": 2.0, "x": 1.0}
    assert ranked(popular, "b") == {"x": 1.0}


# ItemKNN ------------------------------------------------------------------------------------------------------------


def itemknn_by_hand(values, row, neighbours, shrinkage):
    """Loops over everything, straight from the definition."""
    n = values.shape[1]
    scores = np.zeros(n)
    for held in np.flatnonzero(values[row]):
        similar = {}
        for other in range(n):
            shared = values[:, held] @ values[:, other]
            if shared > 0:
                lengths = np.linalg.norm(values[:, held]) * np.linalg.norm(values[:, other])
                similar[other] = shared / (lengths + shrinkage)
        nearest = sorted(similar, key=lambda other: (-similar[other], other))[:neighbours]
        for other in nearest:
            scores[other] += values[row, held] * similar[other]
    return scores


@pytest.mark.parametrize(
    ("neighbours", "shrinkage", "half_life"), [(3, 0.0, 36_500.0), (5, 2.0, 20.0), (50, 1.0, 60.0)]
)
def test_itemknn_equals_brute_force(random_world, neighbours, shrinkage, half_life):
    events, items = random_world
    system = ItemKNN(neighbours=neighbours, shrinkage=shrinkage, half_life_days=half_life).fit(events, items)
    values, ids = dense(events, items, half_life), items["item_id"].to_list()
    for row, user in enumerate(events["user_id"].unique().sort()):
        expected = itemknn_by_hand(values, row, neighbours, shrinkage)
        found = ranked(system, user, 20, filter_viewed=False)
        assert found == pytest.approx({ids[i]: expected[i] for i in np.flatnonzero(expected)}, rel=1e-4)


def in_windows_by_hand(events, ids, window, distance, backward, activity):
    """Sums of d^-distance over the pairs of each history, straight from the definition."""
    shared = np.zeros((len(ids), len(ids)))
    for _, history in events.sort("timestamp").group_by("user_id"):
        seen = [ids.index(item) for item in history["item_id"]]
        for first, i in enumerate(seen):
            for second, j in enumerate(seen):
                apart = second - first
                if abs(apart) <= window:
                    weight = (1.0 if apart >= 0 else backward) * max(1, abs(apart)) ** -distance
                    shared[i, j] += weight * len(seen) ** -activity
    return shared


@pytest.mark.parametrize(
    ("window", "distance", "backward", "activity", "asymmetry"),
    [(1, 0.5, 0.0, 0.0, 0.5), (3, 1.0, 0.25, 0.5, 0.5), (99, 0.0, 1.0, 1.0, 0.3)],
)
def test_itemknn_with_a_window_equals_brute_force(random_world, window, distance, backward, activity, asymmetry):
    events, items = random_world
    ids, decay = items["item_id"].to_list(), 0.5
    system = ItemKNN(
        neighbours=13, shrinkage=2.0, window=window, distance=distance, backward=backward,
        activity=activity, asymmetry=asymmetry, decay=decay,
    ).fit(events, items)  # fmt: skip
    counts = dense(events, items).sum(axis=0)
    shared = in_windows_by_hand(events, ids, window, distance, backward, activity)
    similar = shared / (counts[:, None] ** asymmetry * counts[None, :] ** (1 - asymmetry) + 2.0)
    for user in events["user_id"].unique().sort():
        history = events.filter(pl.col("user_id") == user).sort("timestamp", descending=True)["item_id"]
        expected = sum(decay**rank * similar[ids.index(item)] for rank, item in enumerate(history))
        found = ranked(system, user, 20, filter_viewed=False)
        assert found == pytest.approx({ids[i]: expected[i] for i in np.flatnonzero(expected)}, rel=1e-4)


def test_itemknn_follows_the_order_of_a_chain_only_with_a_window(log, shelf):
    """Everybody goes x, y, z: after y comes z, and what came before is behind it."""
    events = log("a x 0", "a y 1", "a z 2", "b x 0", "b y 1", "b z 2", "c y 0")
    forward = ItemKNN(shrinkage=0.0, window=1, backward=0.1).fit(events, shelf("x", "y", "z"))
    assert list(ranked(forward, "c")) == ["z", "x"]
    unordered = ranked(ItemKNN(shrinkage=0.0).fit(events, shelf("x", "y", "z")), "c")
    assert unordered["z"] == unordered["x"]


def test_itemknn_with_a_window_refuses_pairs_that_do_not_fit(random_world):
    with pytest.raises(ConfigError, match="itemknn needs about"):
        ItemKNN(window=50, neighbours=1, memory_limit_gb=1e-6).fit(*random_world)


def test_itemknn_in_blocks_of_one_item_is_the_same(random_world, monkeypatch):
    events, items = random_world
    users = events["user_id"].unique().sort().to_list()
    whole = ItemKNN(neighbours=4).fit(events, items).recommend(users, 5)
    monkeypatch.setattr(itemknn_module, "_BLOCK_PRODUCTS", 1)
    monkeypatch.setattr(base_module, "_BLOCK_SCORES", 1)
    assert ItemKNN(neighbours=4).fit(events, items).recommend(users, 5).equals(whole)


# EASE ---------------------------------------------------------------------------------------------------------------


def test_ease_equals_the_closed_form(random_world):
    events, items = random_world
    values, ids = dense(events, items), items["item_id"].to_list()
    inverse = np.linalg.inv(values.T @ values + 3.0 * np.eye(values.shape[1]))
    weights = np.eye(values.shape[1]) - inverse / np.diag(inverse)
    system = EASE(regularisation=3.0).fit(events, items)
    for row, user in enumerate(events["user_id"].unique().sort()):
        expected = {ids[i]: float(values[row] @ weights[:, i]) for i in range(12)}
        assert ranked(system, user, 20, filter_viewed=False) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_ease_is_the_minimum_of_its_loss_under_a_zero_diagonal():
    values = np.random.default_rng(0).random((30, 6))
    weights = closed_form(values.T @ values, 2.0).astype(np.float64)
    assert np.diag(weights).tolist() == [0.0] * 6
    gradient = values.T @ (values @ weights - values) + 2.0 * weights
    np.fill_diagonal(gradient, 0.0)
    assert gradient == pytest.approx(np.zeros((6, 6)), abs=1e-4)


def test_ease_refuses_a_matrix_it_cannot_invert():
    with pytest.raises(DataError, match="regularisation 0"):
        closed_form(np.ones((3, 3)), 0.0)


def test_ease_refuses_to_begin_what_does_not_fit(random_world):
    with pytest.raises(ConfigError, match=r"ease needs about .* GB for 13 items.*memory_limit_gb"):
        EASE(memory_limit_gb=1e-9).fit(*random_world)


@pytest.mark.parametrize("kind", [ItemKNN, IALS])
def test_the_others_refuse_too(random_world, kind):
    with pytest.raises(ConfigError, match=f"{kind.name} needs about"):
        kind(memory_limit_gb=1e-9).fit(*random_world)


# iALS ---------------------------------------------------------------------------------------------------------------


def test_ials_equals_implicit_used_directly(random_world):
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    events, items = random_world
    matrix = csr_matrix(Interactions.build(events, items).values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AlternatingLeastSquares(factors=5, regularization=0.1, alpha=7.0, iterations=8, random_state=3)
        model.fit(matrix, show_progress=False)
    system = IALS(factors=5, regularisation=0.1, alpha=7.0, iterations=8, seed=3).fit(events, items)
    ids = items["item_id"].to_list()
    for row, user in enumerate(events["user_id"].unique().sort()):
        places, scores = model.recommend(
            row, matrix[row], N=4, filter_items=[12], recalculate_user=True
        )  # i12 has no event
        found = ranked(system, user, 4)
        assert list(found) == [ids[place] for place in places]
        assert list(found.values()) == pytest.approx(scores.tolist(), rel=1e-3, abs=1e-5)


def test_ials_without_its_package_says_what_to_type(random_world, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "implicit", None)
    with pytest.raises(MissingExtra, match=r"intentrec\[evaluation\]"):
        IALS().fit(*random_world)


# all ----------------------------------------------------------------------------------------------------------------

READERS = [BM25(), Content(), Transitions()]
COUNTERS = [ItemKNN(), EASE(regularisation=1.0), IALS(factors=4), TwoTower(width=4, epochs=1)]
PERSONAL = [*COUNTERS, *READERS]


@pytest.mark.parametrize("system", PERSONAL, ids=lambda system: system.name)
def test_a_personal_system_has_no_rows_for_a_stranger_nor_for_who_only_returned(system, log, shelf):
    events = log("a x 0", "a y 0", "b x 0", "b y 1", "returns x 1 -1", "returns y 1 0")
    rows = system.fit(events, shelf("x", "y")).recommend(["stranger", "returns", "a"], 5, filter_viewed=False)
    assert set(rows["user_id"]) == {"a"}


@pytest.mark.parametrize("system", COUNTERS, ids=lambda system: system.name)
def test_an_item_without_events_cannot_be_scored(system, log, shelf):
    rows = system.fit(log("a x 0", "a y 0", "b y 1"), shelf("x", "y", "new")).recommend(["a"], 5, filter_viewed=False)
    assert set(rows["item_id"]) == {"x", "y"}


@pytest.mark.parametrize("system", [Popularity(), *PERSONAL], ids=lambda system: system.name)
def test_the_order_of_rows_does_not_matter(system):
    world = checkerboard(12)
    first = system.fit(world.events, world.items).recommend(world.users, 6)
    mixed = system.fit(world.events[::-1], world.items[::-1]).recommend(world.users, 6)
    assert mixed.equals(first)


@pytest.mark.parametrize("system", [Popularity(), *PERSONAL], ids=lambda system: system.name)
def test_no_events_give_no_rows(system, log, shelf):
    assert system.fit(log(), shelf("x")).recommend(["a"], 5).is_empty()


def test_names_are_told_apart():
    names = [system.name for system in [Popularity(), *PERSONAL]]
    assert all(a != b for a, b in itertools.combinations(names, 2))


def test_recommended_scores_are_floats_of_the_rounded_order(random_world):
    rows = EASE(regularisation=3.0).fit(*random_world).recommend(["u00"], 12, filter_viewed=False)
    assert rows.schema["score"] == pl.Float64
    assert rows["score"].to_list() == sorted(rows["score"].to_list(), reverse=True)


@pytest.mark.parametrize("system", [Popularity(), *PERSONAL], ids=lambda system: system.name)
def test_size_is_that_of_what_was_learned(system):
    world = checkerboard(8)
    learned = system.fit(world.events, world.items).size_bytes()
    assert learned > 0
    assert system.with_histories(world.events.head(2)).size_bytes() == learned


def test_size_of_ease_is_its_square_of_single_precision(random_world):
    system = EASE(regularisation=3.0).fit(*random_world)
    assert system.size_bytes() == 12 * 12 * 4 + 12 * 8
