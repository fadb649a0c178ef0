import sys

import numpy as np
import pytest

from intentrec.errors import ConfigError, MissingExtra
from intentrec.text.config import TextConfig
from intentrec.text.embeddings import open_embedder
from intentrec.text.transformer import TransformerEmbedder

TEXTS = ["red lunch bag", "lunch box for children", "a bag", "metal sign", "christmas tree decoration"] * 3


@pytest.fixture(scope="module")
def minilm():
    return TransformerEmbedder("minilm", 64, 8)


def test_a_vector_does_not_depend_on_the_texts_beside_it(minilm):
    together = minilm.embed([f"{text} {i}" for i, text in enumerate(TEXTS)])
    alone = minilm.embed([f"{TEXTS[4]} 4"])
    np.testing.assert_array_equal(together[4:5], alone)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)


def test_near_in_meaning_is_near_in_space(minilm):
    cup, mug, sign = minilm.embed(["tea cup", "coffee mug", "metal door sign"])
    assert cup @ mug > cup @ sign + 0.2


def test_texts_beyond_the_limit_are_cut(minilm):
    assert minilm.embed(["word " * 500]).shape == (1, 384)


def test_no_texts_give_no_rows(minilm):
    assert minilm.embed([]).shape == (0, 384)


def test_an_unknown_model_names_the_setting(tmp_path):
    with pytest.raises(ConfigError, match=r"text\.model"):
        TransformerEmbedder(str(tmp_path), 64, 8).embed(["a"])


def test_the_cache_folder_tells_models_and_settings_apart(tmp_path):
    for config in (TextConfig(), TextConfig(max_tokens=32)):
        open_embedder(config, tmp_path).embed(["a"])
    assert len(list(tmp_path.iterdir())) == 2


def test_without_a_cache_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert open_embedder(TextConfig(), None).embed(["a"]).shape == (1, 384)
    assert list(tmp_path.iterdir()) == []


def test_hashing_needs_no_model(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    embedder = open_embedder(TextConfig(model="hashing", hashing_width=64), tmp_path)
    assert (embedder.model_id, embedder.width) == ("hashing-64", 64)


def test_a_missing_package_names_the_way_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises((MissingExtra, ModuleNotFoundError), match="sentence_transformers"):
        TransformerEmbedder("minilm", 64, 8).embed(["a"])
