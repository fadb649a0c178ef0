"""Releases with an encoder beside the towers, or with tags that are read as texts."""

from datetime import timedelta

import numpy as np
import pytest

from encoder_shop import with_encoder
from encoder_world import save_bert
from intentrec.config import Config
from intentrec.serving.bundle import Bundle, export_bundle
from intentrec.serving.ranking import Ask, Ranking
from intentrec.towers import Towers
from live_world import HeldLive
from served_world import released
from shop_world import Settings, make_shop


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Of a shop whose towers have an encoder beside them and read tags as texts."""
    root = tmp_path_factory.mktemp("beside")
    save_bert(root / "bert")
    settings: Settings = with_encoder(root / "bert", "channel")
    settings["towers"] = settings["towers"] | {"tag_tower": "text"}
    workspace, _ = released(root, make_shop(12), settings)
    return Bundle.open(export_bundle(workspace))


@pytest.fixture
def ranking(bundle: Bundle, live: HeldLive) -> Ranking:
    return Ranking(bundle, live, Config())  # type: ignore[arg-type]


def test_the_encoders_coordinates_stand_after_the_towers(bundle: Bundle) -> None:
    assert bundle.towers is not None
    towers = Towers.load(bundle.towers, memory=False)
    assert bundle.meta.towers_width == towers.width
    assert bundle.meta.width == towers.width + 32
    assert bundle.index.vectors[:, : towers.width].tolist() == towers.item_vectors()[1].tolist()
    assert not bundle.tag_vectors[:, towers.width :].any()


def test_its_channel_scores_by_them_alone(ranking: Ranking) -> None:
    bundle, row = ranking.bundle, ranking.bundle.user_row("user003")
    assert row is not None
    assert ranking.channels == ("user", "tag", "memory", "popular", "encoder")
    own = slice(bundle.meta.towers_width, None)
    scores = bundle.index.vectors[:, own].astype(np.float64) @ bundle.user_vectors[row, own].astype(np.float64)
    answer = ranking.channel("encoder", "user003", Ask(k=72, filter_viewed=False))
    found = {entry["item_id"]: entry["score"] for entry in answer.to_list()}
    assert found == {
        item: pytest.approx(score, abs=1e-6) for item, score in zip(bundle.index.ids.tolist(), scores, strict=True)
    }
    assert {entry["source"] for entry in answer.to_list()} == {"encoder"}


def test_they_stay_when_something_is_live(ranking: Ranking, live: HeldLive) -> None:
    bundle, row = ranking.bundle, ranking.bundle.user_row("user003")
    assert row is not None
    live.did("user003", "purchase", "tea-0-0", bundle.meta.as_of + timedelta(hours=1))
    vector, stored, cut = ranking._people.of("user003").vector, bundle.user_vectors[row], bundle.meta.towers_width
    assert vector is not None
    assert vector[cut:].tolist() == stored[cut:].tolist()
    assert vector[:cut].tolist() != stored[:cut].tolist()


def test_tags_are_read_as_texts(ranking: Ranking) -> None:
    bundle = ranking.bundle
    known = bundle.tag_names.tolist()
    assert ranking._reader._new_tags(known)[:, : bundle.meta.towers_width] == pytest.approx(
        bundle.tag_vectors[:, : bundle.meta.towers_width], rel=1e-4, abs=1e-6
    )
    assert ranking.for_wishes(["something that nobody has said"], Ask(k=3)).n == 3
