"""What a user does, changes or takes back counts at the next request."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bundle_world import AS_OF, Made, open_made
from intentrec.config import Config
from intentrec.pipeline.recommender import Recommender
from intentrec.serving.bundle import Bundle
from intentrec.serving.live import Refreshed
from intentrec.serving.ranking import Ask, Ranking
from intentrec.tables import EVENTS
from intentrec.towers import Towers
from live_world import HeldLive
from shop_world import Shop

HOUR = timedelta(hours=1)


def listed(ranking: Ranking, user: str, **ask: Any) -> list[str]:
    return [entry["item_id"] for entry in ranking.for_user(user, Ask(**ask)).to_list()]


def test_an_item_that_was_just_bought_is_gone_at_once(ranking: Ranking, live: HeldLive) -> None:
    first = listed(ranking, "user000", k=10)
    live.did("user000", "purchase", first[0], ranking.bundle.meta.as_of)
    after = ranking.for_user("user000", Ask(k=10))
    assert after.source == "live"
    assert first[0] not in [entry["item_id"] for entry in after.to_list()]
    assert first[0] in listed(ranking, "user000", k=72, filter_viewed=False)
    live.did("user000", "view", first[1], ranking.bundle.meta.as_of + HOUR)  # whatever kind of event it was
    assert first[1] not in listed(ranking, "user000", k=10)


def test_the_vector_is_the_towers_own_of_the_whole_history(ranking: Ranking, live: HeldLive) -> None:
    at = ranking.bundle.meta.as_of + HOUR
    event = live.did("user001", "purchase", "christmas-0-0", at)
    assert ranking.bundle.towers is not None
    towers = Towers.load(ranking.bundle.towers, memory=False)
    since = EVENTS.rows([event.model_dump(exclude={"event_id"}) | {"row": 9999}])
    history = ranking.bundle.history("user001").vstack(since)
    expected = towers.user_vectors(history, ["user001"], at + timedelta(microseconds=1))[0]
    person = ranking._people.of("user001")
    assert person.vector is not None
    assert person.vector.tolist() == expected.tolist()
    assert person.vector.tolist() != ranking.bundle.user_vectors[ranking.bundle.user_row("user001")].tolist()
    assert person.as_of == at + timedelta(microseconds=1)


def test_memory_reads_what_happened_since(ranking: Ranking, live: HeldLive, recommender: Recommender) -> None:
    at = ranking.bundle.meta.as_of + HOUR
    event = live.did("user001", "purchase", "christmas-0-0", at)
    live.did("user001", "search", None, at, query="tea")
    remembered = recommender.ranker.remembered
    assert remembered is not None
    since = EVENTS.rows([event.model_dump(exclude={"event_id"}) | {"row": 9999}])
    history = ranking.bundle.history("user001").vstack(since)
    expected = remembered.scores(history, ["user001"], at + timedelta(microseconds=1)).toarray()
    added = ranking._people.of("user001").added
    assert added is not None
    assert added.toarray() == pytest.approx(expected, rel=1e-6)


def test_only_the_latest_events_make_the_vector(bundle: Bundle, live: HeldLive, served: Shop) -> None:
    ranking = Ranking(bundle, live, Config.model_validate({"serving": {"latest_events": 2}}))  # type: ignore[arg-type]
    events = [live.did("user001", "purchase", f"baking-{n}-0", bundle.meta.as_of + n * HOUR) for n in range(3)]
    alone = ranking._people.known_by(events[1:], "")
    vector = ranking._people.of("user001").vector
    assert vector is not None
    assert alone.vector is not None
    assert vector.tolist() == alone.vector.tolist()


def test_a_stranger_who_does_something_is_one_no_more(ranking: Ranking, live: HeldLive) -> None:
    assert ranking.for_user("stranger", Ask()).source == "popular"
    assert not ranking.knows("stranger")
    for n in range(6):
        live.did("stranger", "purchase", f"christmas-{n}-0", ranking.bundle.meta.as_of + n * HOUR)
    answer = ranking.for_user("stranger", Ask(k=10))
    assert answer.source == "live"
    themes = [entry["item_id"].split("-")[0] for entry in answer.to_list()]
    assert themes.count("christmas") >= 6
    assert {entry["reason"].split()[0] for entry in answer.to_list()} == {"Close"}
    assert ranking.knows("stranger")
    assert ranking.about("stranger") is None


def test_a_history_in_the_request_is_the_same_as_live_events(ranking: Ranking, live: HeldLive) -> None:
    events = [live.did("w", "purchase", f"tea-{n}-1", ranking.bundle.meta.as_of + n * HOUR) for n in range(4)]
    given = ranking.for_history(list(reversed(events)), Ask(k=8))
    assert given.source == "history"
    assert given.entries == ranking.for_user("w", Ask(k=8)).entries
    assert not {f"tea-{n}-1" for n in range(4)} & {entry["item_id"] for entry in given.to_list()}
    assert ranking.for_history([], Ask(k=3)).source == "popular"


def test_events_that_come_late_take_their_place_in_time(ranking: Ranking, live: HeldLive) -> None:
    history = ranking.bundle.history("user002")
    live.did("user002", "purchase", "tea-0-0", history["timestamp"][3])
    events = ranking._people.events(ranking._people.of("user002"))
    assert events["timestamp"].is_sorted()
    assert events["item_id"][4] == "tea-0-0"
    assert ranking._people.of("user002").as_of == history["timestamp"][-1] + timedelta(microseconds=1)


def test_why_shows_what_happened_since(ranking: Ranking, live: HeldLive) -> None:
    for n in range(3):
        live.did("w", "purchase", f"tea-{n}-1", ranking.bundle.meta.as_of + n * HOUR)
    best = listed(ranking, "w", k=1)[0]
    chain = ranking.why("w", best)
    assert (chain.rank, chain.interest, chain.lines) == (1, None, [])
    assert [event["item_id"] for event in chain.events] == ["tea-0-1", "tea-1-1", "tea-2-1"]
    assert chain.events[0]["title"] == "BLUE CHINA TEA CUP"
    assert [event["row"] for event in chain.events] == [-1, -2, -3]


def test_a_removed_interest_takes_its_tags_with_it(ranking: Ranking, live: HeldLive) -> None:
    about = ranking.about("user000")
    assert about is not None
    gone = about.interests[0]["interest_id"]
    live.edit("user000", "remove", ranking.bundle.meta.as_of, interest_id=gone)
    after = ranking.about("user000")
    assert after is not None
    assert [row["interest_id"] for row in after.interests] == [row["interest_id"] for row in about.interests[1:]]
    assert [tag["tag"] for tag in after.tags] == [tag["tag"] for tag in about.tags if tag["interest_id"] != gone]
    assert [tag["rank"] for tag in after.tags] == list(range(1, len(after.tags) + 1))
    answer = ranking.for_user("user000", Ask(k=72))
    assert answer.source == "live"
    assert gone not in {entry["interest_id"] for entry in answer.to_list()}
    vector = ranking.bundle.user_vectors[ranking.bundle.user_row("user000")]
    assert ranking._people.of("user000").vector.tolist() == vector.tolist()  # type: ignore[union-attr]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_reworded_interest_has_one_tag_of_its_own_words(
    ranking: Ranking, live: HeldLive, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(ranking._people._config, "__dict__", {**ranking.released.__dict__, "language": language})
    first = ranking.bundle.about("user003").interests[0]  # type: ignore[union-attr]
    at = ranking.bundle.meta.as_of
    live.edit("user003", "reword", at, interest_id=first["interest_id"], text="green tea tin")
    about = ranking.about("user003")
    assert about is not None
    row = next(row for row in about.interests if row["interest_id"] == first["interest_id"])
    assert (row["interest"], row["evidence"], row["model"]) == ("green tea tin", first["evidence"], "user")
    assert row["reason"] == {"en": "You put it into these words.", "ru": "Вы сказали это своими словами."}[language]
    tags = about.tags_of(first["interest_id"])
    assert [(tag["tag"], tag["category"], tag["as_of"]) for tag in tags] == [("green tea tin", "tea", at)]
    told = ranking.for_user("user003", Ask(k=72)).to_list()
    mine = [entry for entry in told if entry["interest"] == "green tea tin"]
    assert mine
    assert {entry["tag"] for entry in mine} <= {None, "green tea tin"}


def test_an_added_interest_leads_a_stranger_somewhere(ranking: Ranking, live: HeldLive) -> None:
    live.edit("stranger", "add", ranking.bundle.meta.as_of, text="garden lantern")
    answer = ranking.for_user("stranger", Ask(k=6))
    assert answer.source == "live"
    found = answer.to_list()
    assert [entry["item_id"].split("-")[0] for entry in found].count("garden") >= 4
    assert {entry["reason"] for entry in found} == {"Because of your interest in garden lantern"}
    about = ranking.about("stranger")
    assert about is not None
    assert (about.interests[0]["reason"], about.interests[0]["weight"]) == ("You added it.", 1.0)
    live.edit("stranger", "remove", ranking.bundle.meta.as_of, interest_id=about.interests[0]["interest_id"])
    assert ranking.for_user("stranger", Ask(k=6)).source == "popular"


def test_a_reworded_interest_that_is_not_there_any_more_is_added(ranking: Ranking, live: HeldLive) -> None:
    live.edit("user004", "reword", ranking.bundle.meta.as_of, interest_id="gone", text="cake stand")
    about = ranking.about("user004")
    assert about is not None
    assert about.interests[0]["interest"] == "cake stand"
    live.edit("user004", "remove", ranking.bundle.meta.as_of, interest_id="never")
    assert len(ranking.about("user004").interests) == len(about.interests)  # type: ignore[union-attr]


def test_what_the_keeper_wrote_since_replaces_what_was_written(ranking: Ranking, live: HeldLive) -> None:
    at = ranking.bundle.meta.as_of
    before = ranking.bundle.about("user005")
    assert before is not None
    interest = before.interests[0] | {"interest_id": "fresh", "interest": "snow globes"}
    tag = before.tags[0] | {"interest_id": "fresh", "tag": "blue snow globe"}
    profile = {"text": "1. now", "lines": [{"text": "now", "rows": [-1]}]}
    live.refresh(Refreshed(user_id="user005", at=at, until=1, interests=[interest], tags=[tag], profile=profile))
    about = ranking.about("user005")
    assert about is not None
    assert [row["interest"] for row in about.interests] == ["snow globes"]
    assert [row["tag"] for row in about.tags] == ["blue snow globe"]
    assert about.profile is not None
    assert about.profile["text"] == "1. now"
    assert about.profile["n_events"] == 24
    found = ranking.for_user("user005", Ask(k=20)).to_list()
    assert {entry["interest"] for entry in found} <= {None, "snow globes"}
    live.edit("user005", "remove", at, interest_id="fresh")
    assert ranking.about("user005").interests == []  # type: ignore[union-attr]


def test_an_erased_user_is_a_stranger_at_once(ranking: Ranking, live: HeldLive) -> None:
    live.did("user006", "purchase", "tea-0-0", ranking.bundle.meta.as_of)
    live.erase("user006")
    assert ranking.for_user("user006", Ask(k=4)).entries == ranking.for_user("ghost", Ask(k=4)).entries
    assert ranking.for_user("user006", Ask(k=4)).source == "popular"
    assert not ranking.knows("user006")
    assert ranking.about("user006") is None
    assert ranking.channel("user", "user006", Ask()).n == 0


def test_the_encoders_coordinates_stay(tmp_path: Any, bundle: Bundle, live: HeldLive) -> None:
    made = Made(items={"a": [1.0, 0.0], "b": [0.0, 1.0]}, users={"u": [2.0, 3.0]}, did={"u": ["a"]})
    small = open_made(tmp_path, made, towers=bundle.towers, towers_width=1)
    ranking = Ranking(small, live, Config())  # type: ignore[arg-type]
    ranking._reader.user = lambda *_: np.array([7.0], dtype=np.float32)  # type: ignore[method-assign]
    live.did("u", "purchase", "b", AS_OF)
    live.did("w", "purchase", "b", AS_OF)
    assert ranking._people.of("u").vector.tolist() == [7.0, 3.0]  # type: ignore[union-attr]
    assert ranking._people.of("w").vector.tolist() == [7.0, 0.0]  # type: ignore[union-attr]
    assert "encoder" in ranking.channels
    assert [entry["score"] for entry in ranking.channel("encoder", "u", Ask(filter_viewed=False)).to_list()] == [
        3.0,
        0.0,
    ]


def test_without_towers_vectors_stay_and_strangers_get_the_mean_of_what_they_chose(
    tmp_path: Any, live: HeldLive
) -> None:
    made = Made(items={"a": [1.0, 0.0], "b": [0.0, 1.0], "c": [0.5, 0.5]}, users={"u": [2.0, 3.0]}, did={"u": ["a"]})
    ranking = Ranking(open_made(tmp_path, made), live, Config())  # type: ignore[arg-type]
    live.did("u", "purchase", "b", AS_OF)
    live.did("w", "purchase", "a", AS_OF)
    live.did("w", "purchase", "b", AS_OF)
    live.did("x", "view", "a", AS_OF)
    assert ranking._people.of("u").vector.tolist() == [2.0, 3.0]  # type: ignore[union-attr]
    assert ranking._people.of("w").vector.tolist() == [0.5, 0.5]  # type: ignore[union-attr]
    assert ranking.for_user("x", Ask()).source == "popular"  # a look shows no intent
    live.edit("w", "add", AS_OF, text="words that nobody can read")
    about = ranking.about("w")
    assert about is not None
    assert (about.interests[0]["interest"], about.tags) == ("words that nobody can read", [])


def test_people_are_remembered_until_something_new_is_live(
    ranking: Ranking, live: HeldLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intentrec.serving.ranking.people._REMEMBERED", 2)
    first = ranking._people.of("user000")
    assert ranking._people.of("user000") is first
    live.did("user000", "purchase", "tea-0-0", ranking.bundle.meta.as_of)
    second = ranking._people.of("user000")
    assert second is not first
    ranking._people.of("user001")
    assert ranking._people.of("user000") is second
    ranking._people.of("user002")
    ranking._people.of("user003")
    assert ranking._people.of("user000") is not second
