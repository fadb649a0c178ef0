import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from intentrec.errors import ConfigError, DataError, MissingExtra
from intentrec.retrieval import ItemIndex, RetrievalConfig, recommend
from intentrec.retrieval.indexes import build_index, load_index, save_index
from intentrec.retrieval.indexes.build import recall_of
from intentrec.retrieval.indexes.ivf import LAYOUTS, scanned
from intentrec.retrieval.indexes.rescoring import barred_among, ranked_rows
from intentrec.retrieval.topk import dot_pairs, rank_within, top_k

KINDS = ["exact", "torch", "half", "ivf", "hnsw"]
ITEMS, WIDTH = 500, 8


def config(kind, **settings):
    chosen = {"index": "torch", "index_half": True} if kind == "half" else {"index": kind}
    # A recall of 1 makes an index of inverted lists probe as many as it takes.
    return RetrievalConfig(
        **{**chosen, "index_recall": 1.0, "index_least_recall": 0.9, "block_scores": 2_000, **settings}
    )


def vectors_of(seed, n=ITEMS, width=WIDTH):
    rng = np.random.default_rng(seed)
    lengths = rng.lognormal(sigma=0.7, size=(n, 1))
    return (rng.standard_normal((n, width)) * lengths).astype(np.float32)


VECTORS = vectors_of(0)
QUERIES = vectors_of(1, 60)
# A graph does not reach all of the short vectors, whatever the effort.
EVEN = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
HELD = {kind: EVEN if kind == "hnsw" else VECTORS for kind in KINDS}
BUILT = {kind: build_index(HELD[kind], config(kind), QUERIES) for kind in KINDS}
BUILT["ivf"] = replace(BUILT["ivf"], facts=replace(BUILT["ivf"].facts, effort=BUILT["ivf"].facts.lists))


@pytest.fixture(autouse=True, scope="module")
def few_items_count_as_many():
    """Otherwise a filter over so few items would compare all that it allows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("intentrec.retrieval.indexes.faiss_index._FEW_ALLOWED", 0)
        yield


def as_rows(hits):
    return list(zip(hits.query.tolist(), hits.rank.tolist(), hits.item.tolist(), hits.score.tolist(), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_every_index_equals_brute_force_on_the_queries_it_was_tuned_on(kind):
    assert BUILT[kind].facts.recall == 1
    assert as_rows(BUILT[kind].search(QUERIES, 100)) == as_rows(top_k(QUERIES, HELD[kind], 100))


@settings(max_examples=30, deadline=None)
@given(st.data(), st.sampled_from(KINDS))
def test_filters_depths_and_odd_sizes_equal_brute_force(data, kind):
    n_queries, k = data.draw(st.integers(0, 30)), data.draw(st.integers(0, 600))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    allowed = rng.random(ITEMS) < data.draw(st.sampled_from([0.0, 0.02, 0.5, 1.0]))
    excluded = sparse.csr_array(rng.random((5, ITEMS)) < data.draw(st.sampled_from([0.0, 0.05, 0.9, 1.0])))
    rows = rng.integers(0, 5, n_queries)
    queries = QUERIES[:n_queries]
    filters = {"allowed": allowed, "excluded": excluded, "excluded_rows": rows}
    got, wanted = BUILT[kind].search(queries, k, **filters), top_k(queries, HELD[kind], k, **filters)
    if kind != "hnsw":  # a graph that a filter cuts up may miss items
        assert as_rows(got) == as_rows(wanted)
    assert got.query.tolist() == wanted.query.tolist()
    assert got.rank.tolist() == wanted.rank.tolist()
    assert as_rows(got) == sorted(as_rows(got), key=lambda row: (row[0], -row[3], row[2]))
    assert got.score.tolist() == dot_pairs(queries, HELD[kind], got.query, got.item).tolist()
    assert allowed[got.item].all()
    assert not excluded.toarray()[rows[got.query], got.item].any()


@pytest.mark.parametrize("kind", ["torch", "half"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_exact_on_a_device_breaks_ties_as_brute_force_does(kind, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    n, width = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 5))
    vectors, queries = (rng.integers(-3, 4, (rows, width)).astype(np.float32) for rows in (n, 6))
    index = build_index(vectors, config(kind))
    for k in (1, 5, 50):
        assert as_rows(index.search(queries, k)) == as_rows(top_k(queries, vectors, k))


def test_half_precision_stays_exact_for_numbers_that_half_precision_cannot_hold():
    rng = np.random.default_rng(3)
    for size in (1e-9, 1e9):
        vectors = (size * (1 + 1e-4 * rng.standard_normal((300, 6)))).astype(np.float32)  # differ beyond the 11th bit
        queries = rng.standard_normal((9, 6)).astype(np.float32)
        index = build_index(vectors, config("half"))
        assert as_rows(index.search(queries, 7)) == as_rows(top_k(queries, vectors, 7))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_allowed_and_nothing_left_give_no_rows(kind):
    barred = sparse.csr_array(np.ones((60, ITEMS), dtype=np.int8))
    assert not len(BUILT[kind].search(QUERIES, 5, allowed=np.zeros(ITEMS, dtype=bool)).query)
    assert not len(BUILT[kind].search(QUERIES, 5, excluded=barred).query)
    assert not len(BUILT[kind].search(QUERIES[:0], 5).query)


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_an_approximate_list_is_as_long_as_the_exact_one(kind):
    lazy = build_index(VECTORS, config(kind, index_recall=0.05, index_least_recall=0.0), QUERIES)
    allowed = np.arange(ITEMS) % 5 == 0
    hits = lazy.search(QUERIES, 80, allowed=allowed)
    assert np.bincount(hits.query).tolist() == [80] * 60
    assert allowed[hits.item].all()
    assert as_rows(hits) == sorted(as_rows(hits), key=lambda row: (row[0], -row[3], row[2]))
    assert as_rows(lazy.search(QUERIES, 2 * ITEMS)) == as_rows(top_k(QUERIES, VECTORS, 2 * ITEMS))


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_a_search_is_repeatable_and_does_not_depend_on_who_else_asks(kind):
    lazy = build_index(VECTORS, config(kind, index_recall=0.5, index_least_recall=0.0), QUERIES)
    together = as_rows(lazy.search(QUERIES, 9))
    assert together == as_rows(lazy.search(QUERIES, 9))
    alone = [(row, *rest) for row in range(60) for _, *rest in as_rows(lazy.search(QUERIES[row : row + 1], 9))]
    assert together == alone


def test_effort_is_the_least_that_reaches_the_recall():
    efforts = [build_index(VECTORS, config("ivf", index_recall=r), QUERIES).facts for r in (0.9, 0.99, 1.0)]
    assert [facts.recall >= wanted for facts, wanted in zip(efforts, (0.9, 0.99, 1.0), strict=True)] == [True] * 3
    assert efforts[0].effort <= efforts[1].effort <= efforts[2].effort
    assert efforts[0].recall < 1


def test_an_index_that_finds_too_little_is_not_built(monkeypatch):
    monkeypatch.setattr("intentrec.retrieval.indexes.build.recall_of", lambda found, truth: 0.5)
    with pytest.raises(
        ConfigError, match=r"finds 0.500 of the true first 200, and retrieval.index_least_recall is 0.9"
    ):
        build_index(VECTORS, config("ivf"), QUERIES)


def test_an_approximate_index_needs_queries_to_be_measured_on():
    for queries in (None, QUERIES[:0]):
        with pytest.raises(ConfigError, match="measured on users"):
            build_index(VECTORS, config("ivf"), queries)


def test_auto_goes_by_size():
    chosen = [build_index(VECTORS, config("auto", index_exact_up_to=n), QUERIES).facts.kind for n in (ITEMS, ITEMS - 1)]
    assert chosen == ["exact", "ivf"]


def test_a_missing_package_names_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    with pytest.raises(MissingExtra, match=r"intentrec\[faiss\]"):
        build_index(VECTORS, config("ivf"), QUERIES)


def test_a_gpu_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ConfigError, match="'cuda'"):
        build_index(VECTORS, config("torch", index_device="cuda"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_index_searches_as_before(kind, tmp_path):
    save_index(BUILT[kind], tmp_path)
    loaded = load_index(tmp_path, HELD[kind], config(kind))
    assert loaded.facts == BUILT[kind].facts
    assert json.loads((tmp_path / "index.json").read_text())["recall"] == 1
    assert as_rows(loaded.search(QUERIES, 30)) == as_rows(BUILT[kind].search(QUERIES, 30))


@pytest.mark.parametrize("kind", KINDS)
def test_a_mapped_index_searches_as_before_and_compares_shapes_only(kind, tmp_path):
    save_index(BUILT[kind], tmp_path)
    loaded = load_index(tmp_path, HELD[kind], config(kind), mapped=True)
    assert as_rows(loaded.search(QUERIES, 30)) == as_rows(BUILT[kind].search(QUERIES, 30))
    load_index(tmp_path, HELD[kind] + 1, config(kind), mapped=True)
    with pytest.raises(DataError, match="other vectors"):
        load_index(tmp_path, HELD[kind][1:], config(kind), mapped=True)


def test_a_saved_index_serves_no_other_vectors_and_damage_is_named(tmp_path):
    save_index(BUILT["ivf"], tmp_path)
    with pytest.raises(DataError, match="other vectors"):
        load_index(tmp_path, VECTORS + 1, config("ivf"))
    (tmp_path / "index.faiss").write_bytes(b"not an index")
    with pytest.raises(DataError, match="cannot be read"):
        load_index(tmp_path, VECTORS, config("ivf"))
    (tmp_path / "index.json").write_text("{}")
    with pytest.raises(DataError, match="not the description of an index"):
        load_index(tmp_path, VECTORS, config("ivf"))


def test_the_way_to_cluster_that_scans_less_is_taken(monkeypatch):
    found = {}
    for name, make in LAYOUTS.items():
        monkeypatch.setattr("intentrec.retrieval.indexes.build.LAYOUTS", {name: make})
        one = build_index(VECTORS, config("ivf", index_recall=0.95), QUERIES)
        found[name] = scanned(one.index, QUERIES, one.facts.effort)
    monkeypatch.undo()
    chosen = build_index(VECTORS, config("ivf", index_recall=0.95), QUERIES).facts.layout
    assert chosen == min(found, key=found.get)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1))
def test_what_is_barred_is_found_by_a_table_as_by_looking(seed, share):
    rng = np.random.default_rng(seed)
    barred = rng.random((7, 40)) < share
    found = rng.integers(-1, 40, (7, 15))
    got = barred_among(found, sparse.csr_array(barred))
    assert (got == (np.take_along_axis(barred, found.clip(0), axis=1) & (found >= 0))).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 4))
def test_found_rows_are_ranked_by_score_and_then_by_item(seed, values):
    rng = np.random.default_rng(seed)
    found = np.array([rng.permutation(20)[:9] for _ in range(6)])
    filled, scores = rng.random((6, 9)) < 0.7, rng.integers(0, values, (6, 9)).astype(float)
    rows = [(row, -scores[row, at], found[row, at]) for row in range(6) for at in range(9) if filled[row, at]]
    hits = ranked_rows(np.arange(6) * 10, found, filled, scores)
    assert list(zip(hits.query // 10, -hits.score, hits.item, strict=True)) == sorted(rows)
    assert (hits.rank == rank_within(hits.query)).all()


def test_recall_counts_found_items_of_the_same_query():
    assert recall_of(np.array([[1, 2], [9, -1]]), np.array([[2, 3], [1, 9]])) == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_lists_of_users_do_not_depend_on_the_index(kind):
    ids, users = [f"i{row:03}" for row in range(ITEMS)], [f"u{row}" for row in range(60)]
    plain = ItemIndex.build(ids, HELD[kind])
    chosen = config(kind, diversity_pool=100)
    lists = [
        recommend(index, users, QUERIES, 10, beta=1.0, config=chosen, categories=np.arange(ITEMS) % 7)
        for index in (plain, plain.searchable(chosen, QUERIES))
    ]
    assert lists[0].equals(lists[1])
