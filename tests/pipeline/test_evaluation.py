"""The comparison on a workspace's own data."""

from pathlib import Path

import pytest

from intentrec.errors import ConfigError
from intentrec.evaluation import Evaluation
from intentrec.pipeline.evaluation import evaluate_workspace
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import Settings, make_shop, open_shop

QUICK: Settings = {"evaluation": {"baselines": ["popularity", "itemknn"], "trials": 1, "samples": 100, "ks": [5, 10]}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Evaluation]:
    workspace, config = open_shop(tmp_path_factory.mktemp("evaluated") / "shop", make_shop(24), settings=QUICK)
    return workspace, evaluate_workspace(workspace, config, sweeps=True, command="intentrec x", progress=SILENT)


def test_every_part_of_the_comparison_is_there(shop: tuple[Workspace, Evaluation]) -> None:
    _, found = shop
    assert found.systems == ["intentrec", "intentrec, towers only", "popularity", "itemknn"]
    assert {"diversity@10", "debiased_ndcg@10", "cicd@10", "gini@10", "mrr@5"} <= set(found.summary["metric"])
    assert found.costs["system"].to_list() == found.systems
    assert set(found.exclusive["system"]) == set(found.systems)
    assert found.tag_hits["of"].to_list() == ["users", "targets"]
    assert found.tag_hits["hit_rate"].is_between(0, 1).all()
    assert {"command", "protocol", "cut", "data", "seed", "package"} == set(found.about)


def test_a_sweep_at_our_own_setting_is_what_the_comparison_measured(shop: tuple[Workspace, Evaluation]) -> None:
    _, found = shop
    assert set(found.sweep["knob"]) == {"beta", "diversity"}
    own = found.sweep.filter(knob="diversity", setting=0.45).row(0, named=True)
    for metric in ("recall", "ndcg", "diversity", "category_diversity"):
        assert own[metric] == found.value("intentrec", f"{metric}@10", view=own["view"])
    assert own["view"] == "new"
    towers = found.sweep.filter(knob="beta", setting=1.0).row(0, named=True)
    assert towers["recall"] == found.value("intentrec, towers only", "recall@10", view="new")


def test_values_of_every_user_are_stored(shop: tuple[Workspace, Evaluation]) -> None:
    workspace, found = shop
    stored = workspace.read("user_metrics")
    assert stored.height == found.per_user.height
    assert {"mrr@10", "novelty@5", "diversity@5"} <= set(stored.columns)


def test_targets_that_nobody_knows_are_refused_before_anything_runs(tmp_path: Path) -> None:
    workspace, config = open_shop(tmp_path / "shop", make_shop(4), settings=QUICK)
    with pytest.raises(ConfigError, match="no targets 'next'; choose one of window, last, successive"):
        evaluate_workspace(workspace, config, targets="next", progress=SILENT)


def test_targets_in_turn_are_asked_of_the_towers_alone_with_histories_of_their_own(tmp_path: Path) -> None:
    workspace, config = open_shop(tmp_path / "shop", make_shop(24), settings=QUICK)
    found = evaluate_workspace(workspace, config, targets="successive", progress=SILENT)
    assert found.targets == "successive"
    assert found.systems == ["intentrec, towers only", "popularity", "itemknn"]
    assert found.value("intentrec, towers only", "recall@10") > found.value("popularity", "recall@10")
