"""A ranking from a bundle says what the pipeline says from the tables: every column of every user."""

from typing import Any

import polars as pl
import pytest

from intentrec.config import Config
from intentrec.errors import NotFoundError
from intentrec.pipeline.recommender import Recommender
from intentrec.pipeline.why import explain_pair
from intentrec.serving.bundle import Bundle, export_bundle
from intentrec.serving.ranking import Ask, Ranking
from intentrec.workspace import Workspace
from live_world import HeldLive

COLUMNS = ("item_id", "score", "score_user", "score_tag", "source", "tag", "interest", "interest_id", "reason")
FITTED = 0.5


def rounded(frame: pl.DataFrame) -> list[dict[str, Any]]:
    rows = frame.select(COLUMNS).to_dicts()
    return [{name: round(v, 6) if isinstance(v, float) else v for name, v in row.items()} for row in rows]


def shown(ranking: Ranking, user: str, ask: Ask) -> list[dict[str, Any]]:
    return [{name: entry[name] for name in COLUMNS} for entry in ranking.for_user(user, ask).to_list()]


@pytest.mark.parametrize("k", [1, 12, 100])
@pytest.mark.parametrize("filter_viewed", [True, False])
def test_users_ranked_anew(ranking: Ranking, recommender: Recommender, k: int, filter_viewed: bool) -> None:
    users = [*ranking.bundle.users(limit=100), "newcomer", "ghost"]
    expected = recommender.recommend(users, k, filter_viewed=filter_viewed)
    for user in users:
        ask = Ask(k=k, filter_viewed=filter_viewed, beta=FITTED)
        assert shown(ranking, user, ask) == rounded(expected.filter(user_id=user)), user
        strange = user in ("newcomer", "ghost")
        assert ranking.for_user(user, ask).source == ("popular" if strange else "live")


@pytest.mark.parametrize(
    "retrieval",
    [
        {"fused": "single"},
        {"diversity": 0.0},
        {"category_cap": 2},
        {"diversity_vectors": 0.6},
        {"user_share": 0.0},
        {"user_share": 1.0, "diversity": 0.0},
        {"index": "torch"},
        {"index": "hnsw", "index_recall": 1.0, "index_least_recall": 0.5},
    ],
)
def test_other_settings_of_retrieval(workspace: Workspace, config: Config, retrieval: dict[str, Any]) -> None:
    first = workspace.releases.get("r0001")
    settings = {**first.config, "retrieval": {**first.config["retrieval"], **retrieval}, "language": "ru"}
    release = workspace.releases.publish(first.model_copy(update={"config": settings}))
    bundle = Bundle.open(export_bundle(workspace, release))
    ranking = Ranking(bundle, HeldLive(), config)  # type: ignore[arg-type]
    users = bundle.users(limit=12)
    expected = Recommender(workspace, release.release).recommend(users, 15)
    for user in users:
        assert shown(ranking, user, Ask(k=15, beta=FITTED)) == rounded(expected.filter(user_id=user)), user


def test_the_stored_list_is_the_same(ranking: Ranking, recommender: Recommender) -> None:
    for user in ranking.bundle.users(limit=100):
        answer = ranking.for_user(user, Ask(k=10))
        assert (answer.source, answer.n, answer.release) == ("stored", 10, "r0001")
        assert answer.entries == ranking.for_user(user, Ask(k=10, beta=FITTED)).entries
        slim = ranking.for_user(user, Ask(k=10, explain=False))
        assert slim.to_list() == [
            {name: entry[name] for name in ("item_id", "title", "score")} for entry in answer.to_list()
        ]
        assert slim.entries == ranking.for_user(user, Ask(k=10, explain=False, beta=FITTED)).entries


def test_a_list_beyond_the_stored_ones_is_ranked_anew(ranking: Ranking, recommender: Recommender) -> None:
    answer = ranking.for_user("user004", Ask(k=11))
    assert answer.source == "live"
    assert shown(ranking, "user004", Ask(k=11)) == rounded(recommender.recommend(["user004"], 11))


def test_why_is_the_same_chain(ranking: Ranking, workspace: Workspace, recommender: Recommender) -> None:
    told = set()
    for user in ("user000", "user007", "newcomer"):
        listed = [entry["item_id"] for entry in ranking.for_user(user, Ask(k=30)).to_list()]
        for item in (listed[0], listed[4], listed[12], listed[-1]):
            chain = ranking.why(user, item)
            assert chain == explain_pair(workspace, user, item, "r0001")
            told |= set(chain.remembered)
    had = ranking.bundle.index.ids[ranking.bundle.seen("user000")[0]]
    assert ranking.why("user000", had) == explain_pair(workspace, "user000", had, "r0001")
    assert told


def test_why_names_what_nobody_knows(ranking: Ranking) -> None:
    with pytest.raises(NotFoundError, match="no item 'spaceship' in release r0001"):
        ranking.why("user000", "spaceship")
    popular = set(ranking.bundle.index.ids[ranking.bundle.popular[0]].tolist())
    unpopular = next(item for item in ranking.bundle.index.ids.tolist() if item not in popular)
    with pytest.raises(NotFoundError, match=f"Item '{unpopular}' cannot be scored for user 'newcomer'"):
        ranking.why("newcomer", unpopular)
    with pytest.raises(NotFoundError, match="no user 'ghost' in release r0001"):
        ranking.why("ghost", "tea-0-0")


def test_an_item_that_no_list_reaches_is_explained_alone(ranking: Ranking, monkeypatch: pytest.MonkeyPatch) -> None:
    last = ranking.for_user("user000", Ask(k=100)).to_list()[-1]["item_id"]
    monkeypatch.setattr("intentrec.serving.ranking.lists.LONGEST", 20)
    chain = ranking.why("user000", last)
    assert (chain.rank, chain.list_length) == (1, 1)
    assert chain.score_user is not None


def test_about_knows_and_item(ranking: Ranking) -> None:
    assert ranking.about("user000") == ranking.bundle.about("user000")
    assert ranking.about("ghost") is None
    assert [ranking.knows(user) for user in ("user000", "newcomer", "ghost")] == [True, True, False]
    assert ranking.item("tea-0-0") == ranking.bundle.item(ranking.bundle.item_row("tea-0-0") or 0)
    assert ranking.item("spaceship") is None
    assert ranking.beta_of("user000") == FITTED


def test_audience_comes_from_the_stored_lists(ranking: Ranking, live: HeldLive, workspace: Workspace) -> None:
    rows = workspace.read_release("recommendations").sort("rank", "user_id")
    item = rows["item_id"].mode().sort()[0]
    expected = rows.filter(item_id=item).select("user_id", "rank", "tag").rows()
    assert [(one.user_id, one.rank, one.tag) for one in ranking.audience(item, 3)] == expected[:3]
    live.erase(expected[0][0])
    assert [one.user_id for one in ranking.audience(item, 100)] == [user for user, _, _ in expected[1:]]
    assert ranking.audience("spaceship") == []


def test_warm_loads_what_is_needed_later(ranking: Ranking) -> None:
    ranking.warm()
    ranking.warm()
