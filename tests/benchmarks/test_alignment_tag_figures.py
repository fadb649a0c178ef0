"""Figures of tags by hand: which later purchases are hit, and how far apart the tags of an answer are."""

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from benchmarks.alignment import tag_figures
from benchmarks.alignment.tag_figures import DIVERSITY
from intentrec.pipeline.align_measure import Later

VECTORS = {"red lamp": [1.0, 0.0], "blue lamp": [1.0, 0.0], "tea pot": [0.0, 1.0]}


class Embedder:
    """The vectors above."""

    def embed(self, texts):
        return np.array([VECTORS[text] for text in texts])


def test_shares_of_later_purchases_and_distances_of_tags(monkeypatch):
    written = pl.DataFrame({"user_id": ["ann", "ann"], "rank": [1, 2], "category": ["lamps", None]})
    monkeypatch.setattr(tag_figures, "tags_as_written", lambda asked, texts: written)
    day = datetime(2020, 1, 1, tzinfo=UTC)
    targets = pl.DataFrame(
        {"user_id": ["ann", "ann", "bob"], "item_id": ["lamp", "pot", "pot"], "timestamp": [day, day, day]}
    )
    catalogue = pl.DataFrame({"item_id": ["lamp", "pot"], "category": ["lamps", "kitchen"]})
    asked = [SimpleNamespace(user_id=user) for user in ("ann", "ann", "bob", "bob")]
    texts = ['{"tags":["red lamp","blue lamp"]}', '{"tags":["red lamp","tea pot"]}', '{"tags":["tea pot"]}', None]
    found = tag_figures.tag_figures(asked, texts, Later(targets, catalogue, 30), Embedder())

    assert found["later purchases hit, 30 tags"] == {"ann": 0.5, "bob": 0.0}
    assert found[DIVERSITY] == {"ann": pytest.approx(0.5)}  # 0 and 1; bob's answers have no two tags
