"""What an application gets from a release."""

from pathlib import Path

import polars as pl
import pytest

from intentrec.errors import ConfigError, NotFoundError, WorkspaceError
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.pipeline.recommender import Recommender, settings_of
from intentrec.pipeline.why import explain_pair
from intentrec.progress import SILENT
from intentrec.tables import RECOMMENDATIONS
from intentrec.workspace import Workspace
from shop_world import NOW, Shop, open_shop


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Workspace:
    """A shop with one release in which the tags have a fixed weight, and a user who never bought anything."""
    newcomer = pl.DataFrame({"user_id": ["newcomer"], "country": ["Finland"]})
    root: Path = tmp_path_factory.mktemp("released")
    settings = {"retrieval": {"beta": 0.5, "user_share": 0.5}}
    with_newcomer = Shop(shop.items, shop.events, pl.concat([shop.users, newcomer]), shop.themes)
    workspace, config = open_shop(root / "shop", with_newcomer, settings=settings)
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    return workspace


def test_each_row_can_be_taken_apart(released: Workspace) -> None:
    frame = Recommender(released).recommend(["user000", "user005"], 8)
    assert frame.schema == RECOMMENDATIONS.schema
    tagged = frame.filter(pl.col("score_tag").is_not_null())
    assert not tagged.is_empty()
    # Variety takes from a score, and never adds to it.
    assert (tagged["score"] - tagged["score_user"] - tagged["score_tag"]).max() < 1e-9
    assert frame["reason"].str.len_chars().min() > 5
    assert frame["rank"].to_list() == [*range(1, 9), *range(1, 9)]


def test_what_the_user_had_is_left_out_unless_asked_for(released: Workspace, shop: Shop) -> None:
    had = set(shop.events.filter(user_id="user000")["item_id"])
    recommender = Recommender(released)
    assert not had & set(recommender.recommend(["user000"], 50)["item_id"])
    assert had & set(recommender.recommend(["user000"], 50, filter_viewed=False)["item_id"])


def test_only_allowed_items_come(released: Workspace) -> None:
    allowed = ["tea-0-0", "garden-1-1", "baking-2-2"]
    for user in ("user000", "newcomer"):
        frame = Recommender(released).recommend([user], 10, items=allowed)
        assert set(frame["item_id"]) <= set(allowed)


def test_a_user_without_history_gets_what_is_popular_and_is_told_so(released: Workspace) -> None:
    frame = Recommender(released).for_user("newcomer", 5)
    assert set(frame["source"]) == {"popular"}
    assert set(frame["reason"]) == {"Popular with other shoppers now"}


def test_users_come_in_the_order_they_were_asked_for(released: Workspace) -> None:
    frame = Recommender(released).recommend(["newcomer", "user007", "user001"], 2)
    assert frame["user_id"].to_list() == ["newcomer"] * 2 + ["user007"] * 2 + ["user001"] * 2


def test_stored_and_asked_lists_agree(released: Workspace) -> None:
    stored = released.read_release("recommendations").filter(user_id="user003")
    asked = Recommender(released).recommend(["user003"], 10)
    assert stored["item_id"].to_list() == asked["item_id"].to_list()
    assert stored["reason"].to_list() == asked["reason"].to_list()


def test_nobody_is_not_recommended_anything(released: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no user 'ghost' in release r0001"):
        Recommender(released).for_user("ghost")
    with pytest.raises(NotFoundError, match="no release 'r0099'"):
        Recommender(released, "r0099")


def test_why_goes_back_to_the_raw_events(released: Workspace, shop: Shop) -> None:
    rows = Recommender(released).recommend(["user000"], 10).filter(source="tag")
    chain = explain_pair(released, "user000", rows["item_id"][0])
    assert chain.rank == rows["rank"][0]
    assert chain.interest is not None
    assert chain.tag in chain.tags
    assert chain.lines
    bought = set(shop.events.filter(user_id="user000")["item_id"])
    assert {event["item_id"] for event in chain.events} <= bought
    assert {event["row"] for event in chain.events} == set(chain.interest["evidence"])
    assert dict(chain.interest_rows())["because"] == chain.interest["reason"]
    assert [row[0] for row in chain.score_rows() if "remembered" not in row[0]][:4] == [
        "rank", "score", "from the user", "from the tags",
    ]  # fmt: skip


def test_why_adds_up_and_says_what_is_remembered(released: Workspace) -> None:
    recommender = Recommender(released)
    ranker = recommender.ranker
    assert ranker.remembered is not None
    told, had = set(), set(recommender.chosen.filter(user_id="user000")["item_id"])
    for item in recommender.for_user("user000", 10, filter_viewed=False)["item_id"]:
        chain = explain_pair(released, "user000", item)
        assert chain.score_user is not None
        assert chain.for_variety < 1e-9
        assert "itself" not in chain.remembered or item in had
        row, column = ranker.users["user000"], ranker.index.rows_of([item])[0]
        beta = 0.5 if chain.score_tag is not None else 1.0
        vectors = beta * float(ranker.vectors[row].astype(float) @ ranker.index.vectors[column].astype(float))
        assert chain.score_user == pytest.approx(vectors + sum(chain.remembered.values()), abs=1e-6)
        assert len([row for row in chain.score_rows() if row[0] == "  of it remembered"]) == len(chain.remembered)
        told |= set(chain.remembered)
    if any(any(weights[1:]) for weights in ranker.remembered.blend.weights):
        assert told


def test_settings_without_the_part_that_tags_need_are_refused_at_once(tmp_path: Path, shop: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop, settings={"towers": {"parts": ["memory"]}})
    with pytest.raises(ConfigError, match='add "pooled" to towers.parts'):
        run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)


def test_why_knows_items_that_the_user_had_and_users_without_history(released: Workspace, shop: Shop) -> None:
    had = shop.events.filter(user_id="user000")["item_id"][0]
    assert explain_pair(released, "user000", had).rank >= 1
    newcomer = explain_pair(released, "newcomer", Recommender(released).for_user("newcomer")["item_id"][0])
    assert (newcomer.interest, newcomer.tags, newcomer.events) == (None, [], [])
    assert len(newcomer.score_rows()) == 2


def test_why_names_what_it_does_not_know(released: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no item 'spaceship'"):
        explain_pair(released, "user000", "spaceship")
    with pytest.raises(NotFoundError, match="no user 'ghost'"):
        explain_pair(released, "ghost", "tea-0-0")


def test_a_reason_points_to_something_the_user_chose_that_is_like_the_item(released: Workspace, shop: Shop) -> None:
    recommender = Recommender(released)
    frame = recommender.recommend(["user000", "user007"], 10).filter(source="user")
    near = recommender.ranker.nearest(frame, recommender.chosen)
    names = dict(recommender.catalogue.select("item_id", "name").iter_rows())
    for row, item in zip(frame.to_dicts(), near, strict=True):
        assert item in set(shop.events.filter(user_id=row["user_id"])["item_id"])
        assert row["reason"] == f"Close to the {names[item]} that you chose before"


def test_an_interest_stands_only_where_its_tags_lead_to_the_items_category(released: Workspace) -> None:
    recommender = Recommender(released)
    frame = recommender.recommend(["user000", "user007"], 30).filter(source="user")
    category = dict(recommender.catalogue.select("item_id", "category").iter_rows())
    reach = set(recommender.tags.select("user_id", "interest_id", "category").iter_rows())
    told = frame.filter(pl.col("interest").is_not_null())
    assert not told.is_empty()
    for row in told.to_dicts():
        assert any(
            (row["user_id"], interest_id, category[row["item_id"]]) in reach
            for interest_id in recommender.interests.filter(interest=row["interest"])["interest_id"]
        )


def test_settings_of_another_version_are_refused_in_one_sentence() -> None:
    with pytest.raises(WorkspaceError, match=r"Release r0007 .* its setting 'run.someday' is not known here"):
        settings_of("r0007", {"run": {"someday": 1}})
