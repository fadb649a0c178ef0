"""What tags find: a planted shop whose lists are known by hand, and a small one from the log to the figures."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from alignment_questions import tags_of
from benchmarks.alignment.channel import Channel, TagsAlone, trained
from benchmarks.alignment.judged import asking_of
from benchmarks.alignment.report import to_markdown
from benchmarks.alignment.retrieval import RULES, Ground, figures_of, worth
from benchmarks.alignment.shops import Shop
from benchmarks.alignment.tagging import whole_users
from benchmarks.alignment.writers import Writer
from intentrec.config import Config
from intentrec.data import global_time
from intentrec.evaluation import Extras, evaluate
from intentrec.llm import LLMConfig
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline.align_measure import tags_as_written
from intentrec.pipeline.inputs import load_inputs
from intentrec.pipeline.ranker import Ranker
from intentrec.progress import SILENT
from intentrec.retrieval import BetaByActivity, RetrievalConfig
from intentrec.tables import EVENTS, TAGS, VECTORS
from shop_world import START, fill, make_shop, open_shop, opener

CUT = datetime(2024, 6, 1, tzinfo=UTC)
ITEMS = "abcdef"
AXES = dict(zip(ITEMS, np.eye(len(ITEMS), dtype=np.float32), strict=True))
BEFORE = [("u", "a"), ("v", "b"), ("w", "c"), ("w", "a")]
AFTER = [("u", "d"), ("u", "e"), ("u", "a"), ("v", "c"), ("w", "f")]
HALF_AND_HALF = RetrievalConfig(diversity=0.0, user_share=0.5)


def events() -> pl.DataFrame:
    timed = [(*pair, CUT - timedelta(days=1)) for pair in BEFORE] + [(*pair, CUT) for pair in AFTER]
    rows = [
        {"user_id": user, "item_id": item, "timestamp": when, "event": "purchase", "row": n}
        for n, (user, item, when) in enumerate(timed)
    ]
    return EVENTS.rows(rows)


def tags(*given: tuple[str, int, str]) -> pl.DataFrame:
    return TAGS.rows({"user_id": user, "rank": rank, "tag": tag, "interest_id": tag} for user, rank, tag in given)


def planted(beta: float = 1.0) -> Channel:
    """The users' vectors are those of items: u wants b, v wants c; a tag's vector is that of the item of its name."""
    known = [("item", item, item) for item in ITEMS] + [("user", "u", "b"), ("user", "v", "c"), ("user", "w", "b")]
    vectors = VECTORS.rows(
        {"kind": kind, "id": name, "vector": AXES[axis].tolist(), "model_version": "1"} for kind, name, axis in known
    )
    past = events().filter(pl.col("timestamp") < CUT)
    popular = pl.DataFrame(schema={"item_id": pl.String, "score": pl.Float64})
    ranker = Ranker.build(vectors, TAGS.empty(), BetaByActivity.fixed(beta), past, HALF_AND_HALF, popular)
    towers = SimpleNamespace(
        config=SimpleNamespace(tag_tower="words"),
        tag_vectors=lambda words, text: np.stack([AXES[word] for word in words]) / 2,
    )
    items = pl.DataFrame({"item_id": list(ITEMS), "category": ["x"] * len(ITEMS)})
    names = pl.DataFrame({"item_id": list(ITEMS), "vector": [AXES[item].tolist() for item in ITEMS]})
    return Channel(ranker, towers, 2.0, None, items, names)  # type: ignore[arg-type]


def ground(channel: Channel, users: str = "uv", places: int = 1) -> Ground:
    split = global_time(events(), CUT, timedelta(days=28), ["purchase"])
    return Ground.of(split, channel, list(users), Config(), places)


def test_tags_alone_give_what_tags_bring_and_nothing_to_a_user_without_any() -> None:
    channel = planted()
    ranker = channel.with_tags(tags(("u", 1, "d"), ("u", 2, "f")))
    found = TagsAlone(ranker).recommend(["u", "v", "stranger"], 2)
    assert found.select("user_id", "item_id").rows() == [("u", "d"), ("u", "f")]
    # twice one half: the vectors of tags are on the scale that the channel was trained with
    assert found["score"].to_list() == [1.0, 1.0]
    assert TagsAlone(channel.with_tags(TAGS.empty())).recommend(["u", "v"], 2).is_empty()


def test_figures_are_shares_of_what_was_bought_for_the_first_time() -> None:
    channel = planted()
    measure = ground(channel)
    user = measure.measured("user", channel.ranker)  # u gets b, which is no target; v gets c, which is its only one
    found = figures_of(channel.with_tags(tags(("u", 1, "d"))), measure, {"user": user})
    assert found["tags alone: recall@1"] == {"u": 0.5, "v": 0.0}
    assert found["tags alone: recall@1 of new items"] == {"u": 0.5}  # nobody had d or e before; c was had
    assert found["tags alone: exclusive recall@1"] == {"u": 0.5, "v": 0.0}
    # A weight of 1 leaves the tags no part, whatever they are.
    assert found["blended, the product's beta 1: recall@1"] == {"u": 0.0, "v": 1.0}


def test_a_stratum_of_which_nothing_could_be_found_has_no_figure() -> None:
    names = ground(planted(), "w").figures(ground(planted(), "w").measured("x", planted().ranker))
    assert "recall@1 of new items" in names  # f, which was there before the cut and had by nobody
    assert "recall@1 of tail items" not in names


def test_what_a_rival_finds_is_not_exclusive() -> None:
    channel = planted()
    measure = ground(channel, places=2)
    rival = measure.measured("rival", TagsAlone(channel.with_tags(tags(("u", 1, "d"), ("u", 2, "f")))))
    found = figures_of(channel.with_tags(tags(("u", 1, "d"), ("u", 2, "e"))), measure, {"rival": rival})
    assert found["tags alone: recall@2"] == {"u": 1.0, "v": 0.0}
    assert found["tags alone: exclusive recall@2"] == {"u": 0.5, "v": 0.0}


def test_a_blend_searches_with_both() -> None:
    given = tags(("u", 1, "d"))
    of_user, blended = (planted(beta).with_tags(given) for beta in (1.0, 0.0))
    measure = ground(planted(), places=2)
    # Without a part for tags u gets b and, of equals, the first that u has not had: c. Else one of the two is d.
    assert figures_of(of_user, measure, {})["blended, the product's beta 1: recall@2"] == {"u": 0.0, "v": 1.0}
    assert figures_of(blended, measure, {})["blended, the product's beta 0: recall@2"] == {"u": 0.5, "v": 1.0}
    assert figures_of(of_user, measure, {})["blended evenly, beta 0.5: recall@2"] == {"u": 0.5, "v": 1.0}


def test_only_the_given_users_count_and_they_must_have_bought_something_new() -> None:
    assert ground(planted(), "w").truth.users.to_list() == ["w"]
    with pytest.raises(SystemExit, match="None of the 1 users bought something new"):
        ground(planted(), "x")


def test_a_user_is_asked_about_whole_or_not_at_all() -> None:
    asked = [tags_of(user, str(n)) for n, user in enumerate("uuvvw")]
    assert [one.user_id for one in whole_users(asked, 3)] == ["u", "u"]
    assert [one.user_id for one in whole_users(asked, 4)] == list("uuvv")
    assert len(whole_users(asked, 100)) == 5
    with pytest.raises(SystemExit, match="--questions 1 holds no user whole; there are 5"):
        whole_users(asked, 1)


def test_an_answer_that_did_not_come_or_cannot_be_read_gives_no_tags() -> None:
    asked = [tags_of("u", "tea"), tags_of("u", "garden"), tags_of("v", "tea")]
    found = tags_as_written(asked, ['{"tags":["tea cup","tea pot"]}', None, '{"tags":"tea cup"}'])
    assert found.select("user_id", "interest_id", "tag").rows() == [("u", "tea", "tea cup"), ("u", "tea", "tea pot")]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    settings = {"evaluation": {"trials": 1, "samples": 100}}
    workspace, config = open_shop(tmp_path_factory.mktemp("worth") / "shop", make_shop(24), settings=settings)
    cut = START + timedelta(days=92)
    later = workspace.read("events").filter(pl.col("timestamp") >= cut).select("user_id", "item_id", "timestamp")
    users = tuple(sorted(later["user_id"].unique()))
    return Shop("small", workspace, config, load_inputs(workspace, cut), later, users)


def test_the_rules_tags_have_the_vectors_that_the_day_gave_them(shop: Shop) -> None:
    channel = trained(shop, SILENT)
    own = channel.ranker.tags
    assert own is not None
    again = channel.with_tags(own.frame).tags
    assert again is not None
    assert list(again.names) == list(own.names)
    np.testing.assert_allclose(again.vectors, own.vectors, rtol=1e-6)


def test_a_second_run_trains_nothing_asks_nothing_and_finds_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ScriptedBackend(fill)
    monkeypatch.setattr("intentrec.pipeline.align_writers.open_model", opener(backend))
    chosen = [Writer("rules", "tuned"), Writer("model", "choosing", LLMConfig(backend="embedded", small=True))]
    found = worth(shop, asking_of(shop, 8, SILENT), chosen, 40, SILENT)
    asked = len(backend.asked)
    monkeypatch.setattr("intentrec.pipeline.day.train_towers", None)
    assert worth(shop, asking_of(shop, 8, SILENT), chosen, 40, SILENT) == found
    assert len(backend.asked) == asked > 0

    assert {line.writer for line in found} == {"none", "rules", "model"}
    assert all(0.0 <= value <= 1.0 for line in found for value in line.by_unit.values())
    of = {(line.writer, line.figure): line for line in found}
    for figure in ("recall@100", "diversity@100"):
        assert (
            of["none", f"user vector alone: {figure}"].by_unit.keys() == of["none", f"itemknn: {figure}"].by_unit.keys()
        )
    written = of["model", "as written, tags alone: recall@100"]
    assert written.questions >= written.answered > 0
    assert of["model", "gated and filled, tags alone: recall@100"].outputs > written.outputs  # rules fill up
    assert "| rules |" in to_markdown(found, RULES)


def test_figures_are_those_of_an_evaluation_and_targets_those_of_the_shop(shop: Shop) -> None:
    channel, kinds = trained(shop, SILENT), ["purchase"]
    split = global_time(shop.workspace.read("events"), shop.inputs.as_of, timedelta(days=28), kinds)
    measure = Ground.of(split, channel, shop.users, shop.config, 5)
    had = shop.inputs.events.select("user_id", "item_id").unique()
    new = shop.targets.select("user_id", "item_id").unique().join(had, on=["user_id", "item_id"], how="anti")
    assert int(measure.truth.n_targets.sum()) == new.height > 0

    settings = shop.config.evaluation.model_copy(update={"baselines": (), "ks": (5,), "views": ("new",)})
    extras = Extras(vectors=channel.names)
    expected = evaluate({"x": channel.ranker}, split, channel.items, settings, kinds=kinds, extras=extras).per_user
    found = measure.figures(measure.measured("x", channel.ranker))
    for figure in ("recall@5", "diversity@5"):
        assert found[figure] == dict(expected.select("user_id", figure).iter_rows())
    assert 0 < sum(found["recall@5"].values()) < len(found["recall@5"])
