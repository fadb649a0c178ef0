from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from encoder_world import tiny, untrained
from intentrec.encoder.encoding import Coder, prefix
from intentrec.text.store import VectorStore

TITLES = ["red apple", "blue bolt", "green", "red apple pear plum fig bolt nail saw drill", "lamp city"]


@pytest.fixture(scope="module")
def model(bert):
    return untrained(tiny(bert))


def texts_of(model, titles=TITLES):
    return [np.concatenate([[2], tokens, [3]]) for tokens in model.opened.vocabulary.texts(titles, 20)]


@pytest.fixture
def runs(model, monkeypatch):
    """Token ids of all texts that run through the model, batch by batch."""
    seen, run = [], model.opened.backbone.forward

    def noted(ids, lengths):
        seen.append([row[:length].tolist() for row, length in zip(ids, lengths, strict=True)])
        return run(ids, lengths)

    monkeypatch.setattr(model.opened.backbone, "forward", noted)
    return seen


def test_vectors_are_unit_rows_in_half_precision_in_the_order_of_the_texts(model):
    texts = texts_of(model)
    found = model.coder().encode(texts)
    assert (found.dtype, found.shape) == (np.float16, (5, model.width))
    np.testing.assert_allclose(np.linalg.norm(found.astype(np.float32), axis=1), 1, atol=2e-3)
    np.testing.assert_array_equal(model.coder().encode(texts[::-1]), found[::-1])


@pytest.mark.parametrize("at_once", [1, 24, 10_000])
def test_the_texts_beside_it_hardly_move_a_vector(model, monkeypatch, at_once):
    monkeypatch.setattr("intentrec.encoder.encoding._TOKENS_AT_ONCE", at_once)
    together = model.coder().encode(texts_of(model))
    for row, text in zip(together, texts_of(model), strict=True):
        np.testing.assert_allclose(model.coder().encode([text])[0], row, atol=2e-3)


def test_each_different_text_runs_once(model, runs):
    texts = texts_of(model)
    coder = model.coder()
    found = coder.encode([*texts, texts[1], texts[0]])
    assert sorted(text for batch in runs for text in batch) == sorted(text.tolist() for text in texts)
    assert (coder.n_encoded, coder.n_tokens) == (5, sum(map(len, texts)))
    np.testing.assert_array_equal(found[5:], found[[1, 0]])


def test_a_second_time_costs_nothing_and_a_changed_text_only_itself(model, runs):
    texts, coder = texts_of(model), model.coder()
    first = coder.encode(texts)
    runs.clear()
    np.testing.assert_array_equal(coder.encode(texts), first)
    assert (runs, coder.n_encoded) == ([], 5)
    changed = [*texts[:2], np.array([2, 11, 3]), *texts[3:]]
    after = coder.encode(changed)
    assert (runs, coder.n_encoded) == ([[[2, 11, 3]]], 6)
    np.testing.assert_array_equal(after[[0, 1, 3, 4]], first[[0, 1, 3, 4]])
    assert not np.array_equal(after[2], first[2])


def test_the_longest_texts_run_first_and_no_more_tokens_together_than_allowed(model, runs, monkeypatch):
    monkeypatch.setattr("intentrec.encoder.encoding._TOKENS_AT_ONCE", 32)
    model.coder().encode([np.full(n, 5) for n in (3, 20, 9, 8, 7, 4)])
    assert [[len(text) for text in batch] for batch in runs] == [[20], [9, 8], [7, 4, 3]]


def test_vectors_outlive_the_process(model, tmp_path, runs):
    texts = texts_of(model)
    first = model.coder(tmp_path).encode(texts)
    runs.clear()
    again = model.coder(tmp_path)
    np.testing.assert_array_equal(again.encode(texts), first)
    assert (runs, again.n_encoded) == ([], 0)


def test_another_model_has_keys_and_a_folder_of_its_own(model, bert, tmp_path):
    other = untrained(tiny(bert), seed=1)
    texts = texts_of(model)
    model.coder(tmp_path).encode(texts)
    coder = other.coder(tmp_path)
    coder.encode(texts)
    assert coder.n_encoded == 5
    names = {f"encoder-{each.version}" for each in (model, other)}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert len(names) == 2
    shared = VectorStore(None, "both")
    for each in (model, other):
        replace(each.coder(), store=shared).encode(texts)
    assert len(shared) == 10


def test_what_was_encoded_before_a_kill_is_kept(model, tmp_path, monkeypatch):
    class Killed(Exception):
        pass

    class Bar:
        def track(self, label, total=None):
            assert (label, total) == ("items", 5)
            return nullcontext(self.advance)

        def advance(self, done, seen=[]):  # noqa: B006  (counts the batches)
            seen.append(done)
            if len(seen) == 3:
                raise Killed

    monkeypatch.setattr("intentrec.encoder.encoding._TOKENS_AT_ONCE", 1)
    monkeypatch.setattr(VectorStore, "per_segment", 1)
    texts = texts_of(model)
    with pytest.raises(Killed):
        model.coder(tmp_path, Bar()).encode(texts, "items")
    coder = model.coder(tmp_path)
    coder.encode(texts)
    assert coder.n_encoded == 3


def test_segments_hold_many_vectors(model, tmp_path, monkeypatch):
    monkeypatch.setattr("intentrec.encoder.encoding._TOKENS_AT_ONCE", 1)
    coder = model.coder(tmp_path)
    coder.encode(texts_of(model))
    assert len(list((tmp_path / f"encoder-{model.version}").iterdir())) == 1


def test_no_texts_are_no_rows(model):
    found = model.coder().encode([])
    assert (found.shape, found.dtype) == ((0, model.width), np.float16)


def test_half_precision_arithmetic_is_near(model):
    texts = texts_of(model)
    exact = model.coder().encode(texts)
    half = replace(model.coder(), dtype=torch.bfloat16).encode(texts)
    np.testing.assert_allclose(half, exact, atol=0.02)
    assert not np.array_equal(half, exact)


def test_a_gpu_is_given_more_at_once(model):
    coder = Coder(model.opened, "v", VectorStore(None, "v"))
    assert replace(coder, device="cuda:1")._at_once > coder._at_once


def test_a_prefix_is_the_first_coordinates_as_unit_rows():
    vectors = np.array([[0.6, 0.0, 0.8], [0.0, 0.0, 1.0], [0.3, 0.4, 0.5]], dtype=np.float16)
    found = prefix(vectors, 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[1, 0], [0, 0], [0.6, 0.8]], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(prefix(vectors, 3), axis=1), 1, atol=1e-6)
