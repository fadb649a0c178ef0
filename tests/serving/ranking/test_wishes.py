"""Wishes in words, channels and similar items."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle_world import Made, content_of, open_made
from intentrec.config import Config
from intentrec.errors import ConfigError, NotFoundError, WorkspaceError
from intentrec.serving.ranking import Answer, Ask, Filters, Ranking
from live_world import HeldLive

MADE = Made(
    items={"a": [1.0, 0.0], "b": [0.6, 0.8], "c": [0.0, 2.0], "d": [-1.0, 0.0], "z": [0.0, 0.0]},
    facts={"a": {"title": "A", "category": "x"}, "b": {"title": "B", "category": "y"}},
    users={"u": [1.0, 0.0]},
    did={"u": ["d"]},
    tags={"u": [("up", "upwards"), ("on", "onwards")]},
    words={"upwards": [0.0, 1.0], "onwards": [1.0, 0.0], "never": [-1.0, -1.0]},
    popular=["c", "b"],
    beta=0.8,
)


@pytest.fixture
def made(tmp_path: Path, live: HeldLive) -> Ranking:
    return Ranking(open_made(tmp_path, MADE), live, Config())  # type: ignore[arg-type]


def pairs(answer: Answer, score: str = "score") -> list[tuple[str, float]]:
    return [(entry["item_id"], entry[score]) for entry in answer.to_list()]


def test_a_strangers_wish_is_searched_with_alone(made: Ranking) -> None:
    answer = made.for_wishes(["  never "], Ask(k=3))
    assert (answer.source, pairs(answer)) == ("wishes", [("d", 1.0), ("z", 0.0), ("a", -1.0)])
    assert {entry["interest"] for entry in answer.to_list()} == {"never"}
    assert {entry["reason"] for entry in answer.to_list()} == {"Because of your interest in never"}
    assert pairs(made.for_wishes(["never"], Ask(k=1), "ghost")) == [("d", 1.0)]


def test_wishes_take_turns(made: Ranking) -> None:
    listed = made.for_wishes(["upwards", "never", "upwards"], Ask(k=2)).to_list()
    assert sorted((entry["item_id"], entry["tag"]) for entry in listed) == [("c", "upwards"), ("d", "never")]


def test_a_known_users_wish_counts_at_least_half(made: Ranking) -> None:
    # Fitted is 0.8; half of the vector (1, 0) and half of the wish (0, 1).
    assert pairs(made.for_wishes(["upwards"], Ask(k=3), "u")) == [("c", 1.0), ("b", 0.7), ("a", 0.5)]
    assert pairs(made.for_wishes(["upwards"], Ask(k=2, beta=0.8), "u")) == [("a", 0.8), ("b", 0.64)]
    assert "d" not in [item for item, _ in pairs(made.for_wishes(["never"], Ask(k=5), "u"))]  # had already


def test_empty_wishes_are_none(made: Ranking) -> None:
    assert made.for_wishes(["  ", ""], Ask()).source == "popular"
    assert made.for_wishes([], Ask(k=2), "u").source == "wishes"  # of somebody whose vector is known


def test_words_that_cannot_be_read_are_an_error(made: Ranking) -> None:
    with pytest.raises(ConfigError, match="Release r0001 cannot read new words"):
        made.for_wishes(["upwards", "sideways"], Ask())


def test_new_words_are_read_on_the_scale_of_the_releases_tags(ranking: Ranking) -> None:
    bundle = ranking.bundle
    known = bundle.tag_names[:5].tolist()
    read = ranking._reader._new_tags(known)
    assert read == pytest.approx(bundle.tag_vectors[:5], rel=1e-5, abs=1e-6)
    answer = ranking.for_wishes(["blue tea cosy", "garden lantern"], Ask(k=8))
    themes = [entry["item_id"].split("-")[0] for entry in answer.to_list()]
    assert set(themes) <= {"tea", "garden"}
    assert {entry["tag"] for entry in answer.to_list()} == {"blue tea cosy", "garden lantern"}


def test_tags_of_the_encoder_are_not_read_here(tmp_path: Path, ranking: Ranking, live: HeldLive) -> None:
    settings = {"encoder": {"use": ["text"]}, "towers": {"tag_tower": "text"}}
    bundle = open_made(tmp_path, replace(MADE, settings=settings), towers=ranking.bundle.towers, tag_scale=1.0)
    with pytest.raises(ConfigError, match="read by the encoder"):
        Ranking(bundle, live, Config()).for_wishes(["sideways"], Ask())  # type: ignore[arg-type]


def test_similar_items_by_cosine(made: Ranking) -> None:
    assert pairs(made.similar("b", Ask(k=9))) == [("c", 0.8), ("a", 0.6), ("d", -0.6)]  # z points nowhere
    assert pairs(made.similar("b", Ask(k=1))) == [("c", 0.8)]
    assert made.similar("b", Ask(k=1)).source == "similar"
    assert pairs(made.similar("c", Ask(filters=Filters(categories=frozenset("y"))))) == [("b", 0.8)]
    assert made.similar("c", Ask(filters=Filters(items=frozenset()))).n == 0
    assert pairs(made.similar("z", Ask(k=2))) == [("a", 0.0), ("b", 0.0)]
    with pytest.raises(NotFoundError, match="no item 'q'"):
        made.similar("q", Ask())


def test_similar_items_agree_with_all_cosines(ranking: Ranking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intentrec.serving.ranking.cosines._KEPT", 2)
    vectors = ranking.bundle.index.vectors.astype(np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for row in (0, 7, 30, 71, 0):
        cosines = unit @ unit[row]
        order = [other for other in np.argsort(-cosines, kind="stable").tolist() if other != row]
        item = str(ranking.bundle.index.ids[row])
        for k in (5, 300):
            found = pairs(ranking.similar(item, Ask(k=k)))
            assert [item for item, _ in found] == ranking.bundle.index.ids[order][:k].tolist()
            assert [score for _, score in found] == pytest.approx(cosines[order][:k], abs=1e-6)


def test_each_channel_has_its_own_scores(made: Ranking) -> None:
    assert made.channels == ("user", "tag", "popular")
    own = made.channel("user", "u", Ask(k=3))
    assert (own.source, pairs(own)) == ("channel:user", [("a", 1.0), ("b", 0.6), ("c", 0.0)])
    tags = made.channel("tag", "u", Ask(k=2))
    assert sorted(pairs(tags, "score_tag")) == [("a", 1.0), ("c", 2.0)]
    assert pairs(made.channel("popular", "u", Ask())) == [("c", 2.0), ("b", 1.0)]
    assert pairs(made.channel("user", "u", Ask(k=5, filter_viewed=False)))[-1] == ("d", -1.0)
    assert pairs(made.channel("user", "u", Ask(filters=Filters(categories=frozenset("y"))))) == [("b", 0.6)]
    assert made.channel("tag", "ghost", Ask()).n == made.channel("user", "ghost", Ask()).n == 0
    assert made.channel("user", "u", Ask(k=1, explain=False)).to_list() == [
        {"item_id": "a", "title": "A", "score": 1.0}
    ]
    with pytest.raises(NotFoundError, match="no channel 'memory' in this release; it has user, tag, popular"):
        made.channel("memory", "u", Ask())


def test_the_memory_channel_is_what_memory_adds(ranking: Ranking) -> None:
    added = ranking._people.of("user000").added
    assert added is not None
    whole = added.toarray()[0]
    had = set(ranking.bundle.seen("user000").tolist())
    for unseen in (True, False):
        rows = [row for row in np.flatnonzero(whole).tolist() if not (unseen and row in had)]
        rows.sort(key=lambda row: (-whole[row], row))
        found = ranking.channel("memory", "user000", Ask(k=5, filter_viewed=unseen))
        expected = [(str(ranking.bundle.index.ids[row]), float(whole[row])) for row in rows[:5]]
        assert pairs(found) == [(item, pytest.approx(score, abs=1e-6)) for item, score in expected]
    tea = Ask(k=9, filters=Filters(categories=frozenset(["tea"])))
    assert {entry["category"] for entry in ranking.channel("memory", "user000", tea).to_list()} <= {"tea"}
    assert ranking.channel("memory", "ghost", Ask()).n == 0


def test_sentences_that_were_written_stand_in_place_of_rules(tmp_path: Path, live: HeldLive) -> None:
    told = replace(MADE, explanations=[("up", "c", "Because it goes up.")])
    ranking = Ranking(open_made(tmp_path, told), live, Config())  # type: ignore[arg-type]
    reasons = {entry["item_id"]: entry["reason"] for entry in ranking.for_user("u", Ask(k=5, beta=0.5)).to_list()}
    assert reasons["c"] == "Because it goes up."
    assert reasons["a"] != "Because it goes up."


@pytest.mark.parametrize("text", [True, False])
def test_an_empty_shop_recommends_nothing(tmp_path: Path, live: HeldLive, text: bool) -> None:
    empty = Made(items={}, users={"u": [1.0, 0.0]}) if text else Made(items={}, others=["w"])
    ranking = Ranking(open_made(tmp_path, empty), live, Config())  # type: ignore[arg-type]
    for user in ("u", "w", "ghost"):
        assert ranking.for_user(user, Ask()).n == 0
    assert ranking.for_history([], Ask()).n == 0


def test_new_items_of_a_bundle_without_texts_have_no_direction(tmp_path: Path, live: HeldLive) -> None:
    bundle = open_made(tmp_path, MADE, items=replace(content_of(MADE).items, text=None))
    ranking = Ranking(bundle, live, Config())  # type: ignore[arg-type]
    live.put("n", "NEW")
    scores: dict[str, Any] = dict(pairs(ranking.for_user("u", Ask(k=9, beta=1.0))))
    assert scores["n"] == 0.0
    ranking.warm()


def test_settings_of_another_version_are_refused_in_one_sentence(tmp_path: Path, live: HeldLive) -> None:
    config = content_of(MADE).config
    bundle = open_made(tmp_path, MADE, config={**config, "run": {**config["run"], "someday": 1}})
    with pytest.raises(WorkspaceError, match=r"its setting 'run.someday' is not known here. Run `intentrec run` again"):
        Ranking(bundle, live, Config())  # type: ignore[arg-type]
