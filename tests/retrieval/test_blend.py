import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from intentrec.errors import DataError
from intentrec.retrieval import blend
from intentrec.retrieval.blend import Blend, Dense, Wanted, fit_blend

USERS, ITEMS = 400, 60


def truth(seed=0):
    """What every user wants: one item of sixty."""
    return np.random.default_rng(seed).integers(ITEMS, size=USERS)


def wanted_of(items, *, seen=None, known=None, n_events=None):
    return Wanted(
        rows=np.arange(len(items)),
        items=items.astype(np.int64),
        seen=sparse.csr_array((len(items), ITEMS), dtype=np.int8) if seen is None else seen,
        known=np.ones(ITEMS, dtype=np.bool_) if known is None else known,
        n_events=np.full(len(items), 3) if n_events is None else n_events,
    )


def dense(scores):
    """A part whose dot products are these scores."""
    return Dense(scores.astype(np.float32), np.eye(scores.shape[1], dtype=np.float32))


def noise(seed, shape=(USERS, ITEMS)):
    return np.random.default_rng(seed).standard_normal(shape)


def pointing(items, users, strength=3.0, seed=9):
    """Noise that points to the wanted item for some users."""
    scores = noise(seed)
    scores[np.flatnonzero(users), items[users]] += strength
    return scores


def test_a_part_counts_for_users_by_their_events():
    blend = Blend(("a", "b"), (5, 20), ((1.0, 0.0), (2.0, 0.5), (3.0, 0.25)))
    events = np.array([0, 5, 6, 20, 21, 1000])
    assert blend.of("a", events).tolist() == [1, 1, 2, 2, 3, 3]
    assert blend.of("b", events).tolist() == [0, 0, 0.5, 0.5, 0.25, 0.25]
    assert blend.of("c", events).tolist() == [0] * 6
    assert blend.of("a", events[:0]).shape == (0,)
    assert Blend.equal(["a", "b"], 0.5).of("b", events).tolist() == [0.5] * 6


def test_a_blend_survives_json():
    one = Blend(("a", "b"), (5,), ((1.0, 0.1), (0.3, 0.0)))
    assert Blend.of_json(json.loads(json.dumps(asdict(one)))) == one


@pytest.mark.parametrize("useless", ["noise", "nothing", "constant"])
def test_a_useless_part_gets_nothing(useless):
    items = truth()
    scores = {"noise": noise(1), "nothing": np.zeros((USERS, ITEMS)), "constant": np.ones((USERS, ITEMS))}[useless]
    good = dense(pointing(items, np.ones(USERS, dtype=bool), strength=8.0))
    for parts in ({"good": good, "useless": dense(scores)}, {"useless": dense(scores), "good": good}):
        found = fit_blend(parts, wanted_of(items))
        assert found.of("useless", np.array([3])).item() == 0
        assert found.of("good", np.array([3])).item() > 0


def test_parts_that_know_different_users_both_count():
    items, users = truth(), np.arange(USERS) % 2 == 0
    parts = {"even": dense(pointing(items, users)), "odd": dense(pointing(items, ~users, seed=10))}
    found = fit_blend(parts, wanted_of(items))
    ratio = found.of("even", np.array([3])).item() / found.of("odd", np.array([3])).item()
    assert 0.5 < ratio < 2
    alone = [fit_blend({name: part}, wanted_of(items)) for name, part in parts.items()]
    best = max(quality(blend, parts, items) for blend in alone)
    assert quality(found, parts, items) > best + 0.03


def quality(blend, parts, items):
    """Mean NDCG of lists of 100 by brute force."""
    weights = {name: blend.of(name, np.full(USERS, 3)) for name in parts}
    total = sum(weights[name][:, None] * (part.users @ part.items.T) for name, part in parts.items())
    rank = (total > total[np.arange(USERS), items][:, None]).sum(axis=1)
    return float((1 / np.log2(rank + 2)).mean())


def test_weights_undo_the_scale_of_a_part():
    items, users = truth(), np.arange(USERS) % 2 == 0
    even, odd = pointing(items, users), pointing(items, ~users, seed=10)
    plain = fit_blend({"even": dense(even), "odd": dense(odd)}, wanted_of(items))
    scaled = fit_blend({"even": dense(64 * even), "odd": dense(odd / 64)}, wanted_of(items))
    np.testing.assert_allclose(np.array(scaled.weights) * [64, 1 / 64], plain.weights, rtol=1e-5)


def test_a_part_that_helps_short_histories_counts_in_that_bucket_only():
    items, short = truth(), np.arange(USERS) % 2 == 0
    everyone = np.ones(USERS, dtype=bool)
    sure = pointing(items, ~short, strength=8.0) + pointing(items, everyone, strength=1.0, seed=3)
    parts = {"sure": dense(sure), "short": dense(pointing(items, short, strength=6.0, seed=10))}
    found = fit_blend(parts, wanted_of(items, n_events=np.where(short, 2, 50)), edges=(5,))
    assert found.edges == (5,)
    weights = found.of("short", np.array([2, 50])) / found.of("sure", np.array([2, 50])).clip(1e-9)
    assert weights[0] > 1
    assert weights[1] == 0


def test_a_bucket_of_few_users_keeps_the_weights_of_all():
    items = truth()
    parts = {"good": dense(pointing(items, np.ones(USERS, dtype=bool))), "noise": dense(noise(1))}
    events = np.where(np.arange(USERS) < 30, 2, 50)
    found = fit_blend(parts, wanted_of(items, n_events=events), edges=(5, 100))
    whole = fit_blend(parts, wanted_of(items, n_events=events))
    assert found.weights[0] == found.weights[2] == whole.weights[0]


def test_a_sparse_part_joins_a_dense_one():
    items = truth()
    some = np.arange(USERS) % 4 == 0
    pairs = (np.flatnonzero(some), items[some])
    memory = sparse.csr_array((np.ones(some.sum(), dtype=np.float32), pairs), shape=(USERS, ITEMS))
    parts = {"dense": dense(pointing(items, ~some)), "memory": memory}
    found = fit_blend(parts, wanted_of(items))
    assert found.parts == ("dense", "memory")
    assert min(found.weights[0]) > 0


def test_ties_count_against():
    # One part scores every item alike: it has found nothing, wherever the target stands in the catalogue.
    items = np.zeros(USERS, dtype=np.int64)
    weak = noise(5)
    weak[:, 0] += 0.1
    found = fit_blend({"alike": dense(np.ones((USERS, ITEMS))), "weak": dense(weak)}, wanted_of(items), k=10)
    assert found.of("alike", np.array([3])).item() == 0
    assert found.of("weak", np.array([3])).item() > 0


def test_what_users_had_counts_only_where_repeats_do():
    items, had = truth(), (truth() + 1) % ITEMS
    seen = sparse.csr_array((np.ones(USERS, dtype=np.int8), (np.arange(USERS), had)), shape=(USERS, ITEMS))
    repeats = dense(pointing(had, np.ones(USERS, dtype=bool), strength=9.0))
    fresh = dense(pointing(items, np.ones(USERS, dtype=bool), strength=2.0, seed=4))
    both = Wanted(
        rows=np.tile(np.arange(USERS), 2),
        items=np.concatenate([items, had]),
        seen=seen,
        known=np.ones(ITEMS, dtype=np.bool_),
        n_events=np.full(USERS, 3),
    )
    parts = {"fresh": fresh, "repeats": repeats}
    assert fit_blend(parts, both, repeats=False).of("repeats", np.array([3])).item() == 0
    assert fit_blend(parts, both, repeats=True).of("repeats", np.array([3])).item() > 0


def test_items_without_events_stand_in_the_pool_beside_the_others():
    # Items without events (the last half) are wanted by all and scored low by the first part; a constant lifts them.
    known = np.arange(ITEMS) < ITEMS // 2
    items = ITEMS // 2 + truth() % (ITEMS // 2)
    scores = pointing(items, np.ones(USERS, dtype=bool), strength=4.0) - 8.0 * ~known
    lift = Dense(np.ones((USERS, 1), dtype=np.float32), (~known[:, None]).astype(np.float32))
    found = fit_blend({"low": dense(scores), "lift": lift}, wanted_of(items, known=known), k=10, pool=10)
    assert found.of("lift", np.array([3])).item() > 0


def test_what_could_not_be_shown_has_no_say():
    items, there = truth() % 40, np.arange(ITEMS) < 40
    wanted = replace(wanted_of(items, known=np.arange(ITEMS) < 30), there=there)
    scores = pointing(items, items % 2 == 0)
    loud, quiet = (
        fit_blend({"a": dense(scores + level * ~there), "b": dense(noise(2))}, wanted, k=10) for level in (50.0, -50.0)
    )
    assert loud == quiet
    assert loud.of("a", np.array([3])).item() > 0


def test_the_same_input_gives_the_same_weights():
    items = truth()
    parts = {"a": dense(pointing(items, items % 2 == 0)), "b": dense(noise(2)), "c": dense(pointing(items, items < 9))}
    assert fit_blend(parts, wanted_of(items), edges=(2,)) == fit_blend(parts, wanted_of(items), edges=(2,))


def test_a_pool_is_as_good_as_all_items_where_it_holds_them():
    items = truth()
    parts = {"a": dense(pointing(items, items % 2 == 0)), "b": dense(pointing(items, items % 3 == 0, seed=4))}
    exact = fit_blend(parts, wanted_of(items), k=10, pool=ITEMS)
    assert fit_blend(parts, wanted_of(items), k=10, pool=10 * ITEMS) == exact


def test_no_part_and_nothing_known_are_told_apart():
    with pytest.raises(DataError, match=r"no part to weigh; name one in towers.parts"):
        fit_blend({}, wanted_of(truth()))
    silent = sparse.csr_array((USERS, ITEMS), dtype=np.float32)
    found = fit_blend({"silent": silent}, wanted_of(truth()))
    assert found.parts == ("silent",)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.booleans(), st.sampled_from([1, 3, 20]))
def test_the_quality_of_weights_is_recall_and_ndcg_by_brute_force(seed, repeats, k):
    rng = np.random.default_rng(seed)
    n_users, n_items = 7, 15
    scores = rng.integers(-2, 3, (2, n_users, n_items)).astype(np.float32)
    seen = rng.random((n_users, n_items)) < 0.3
    row, item = np.nonzero(rng.random((n_users, n_items)) < 0.2)
    wanted = Wanted(row, item, sparse.csr_array(seen.astype(np.int8)), np.ones(n_items, bool), np.full(n_users, 3))
    pool = blend._Pool.of({"a": dense(scores[0]), "b": dense(scores[1])}, wanted, n_items)
    weights = rng.integers(0, 3, 2).astype(float)
    found = pool.quality(weights, np.ones(n_users, dtype=np.bool_), k, repeats)
    total = np.tensordot(weights / pool.spread, scores.astype(np.float64), axes=1)
    kept = np.zeros((n_users, n_items), dtype=bool)
    kept[row, item] = True
    fresh = found_of(np.where(seen, -np.inf, total), kept & ~seen, k)
    assert found == pytest.approx((fresh + found_of(total, kept, k)) / 2 if repeats else fresh, abs=1e-9)


def found_of(total, targets, k):
    """Mean over users with targets of recall and NDCG; of equal scores a target stands last."""
    found = []
    for own, mine in zip(np.round(total, 4), targets, strict=True):
        if mine.any():
            places = [place for item in np.flatnonzero(mine) if (place := (own >= own[item]).sum()) <= k]
            ideal = sum(1 / np.log2(place + 2) for place in range(min(k, mine.sum())))
            ndcg = sum(1 / np.log2(place + 1) for place in places) / ideal
            found.append((len(places) / mine.sum() + ndcg) / 2)
    return float(np.mean(found)) if found else 0.0
