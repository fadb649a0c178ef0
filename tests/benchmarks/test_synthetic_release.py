"""The made release that load is measured on is one that a server can serve."""

from pathlib import Path

from benchmarks.serving.synthetic import World, make
from intentrec.config import Config, load_config
from intentrec.serving.bundle import Bundle, bundle_of, export_bundle
from intentrec.serving.ranking import Ask, Ranking
from intentrec.workspace import Workspace
from live_world import HeldLive


def test_a_small_one_is_served(tmp_path: Path) -> None:
    folder = make(tmp_path / "made", World(n_items=500, n_users=20, k=5, width=8, seed=0))
    workspace = Workspace(tmp_path / "made")
    assert folder == bundle_of(workspace, workspace.release()) == export_bundle(workspace)
    bundle = Bundle.open(folder)
    assert (bundle.meta.n_items, bundle.meta.n_users, bundle.meta.stored_k) == (500, 20, 5)
    ranking = Ranking(bundle, HeldLive(), load_config(workspace.config_file))  # type: ignore[arg-type]
    for user in bundle.users():
        stored, anew = ranking.for_user(user, Ask(k=5)), ranking.for_user(user, Ask(k=5, beta=0.7))
        assert (stored.source, anew.source, stored.n, anew.n) == ("stored", "live", 5, 5)
        had = set(bundle.index.ids[bundle.seen(user)].tolist())
        assert len(had) == 40
        assert not had & {entry["item_id"] for entry in [*stored.to_list(), *anew.to_list()]}
        assert bundle.history(user).height == 40
        about = ranking.about(user)
        assert about is not None
        assert len(about.tags) == 20
    assert ranking.for_user("nobody", Ask(k=5)).source == "popular"
    assert Config.model_validate(bundle.meta.config).text.model == "hashing"
