"""From a release to a bundle: everything is in it, and it is there whole or not at all."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from intentrec.config import load_config
from intentrec.errors import WorkspaceError
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.pipeline.recommender import Recommender
from intentrec.progress import SILENT
from intentrec.serving.bundle import Bundle, bundle_of, export, export_bundle, writing
from intentrec.serving.bundle.layout import META
from intentrec.tables import INTERESTS, TAGS
from intentrec.workspace import Workspace
from shop_world import NOW, Shop, open_shop

DIES = """
import os, sys
from intentrec.serving.bundle import export, writing
from intentrec.workspace import Workspace
writing.write_atomic = lambda *_: os._exit(9)
export.export_bundle(Workspace(sys.argv[1]))
"""


def test_items_are_as_the_tables_have_them(bundle: Bundle, workspace: Workspace) -> None:
    items = workspace.read_release("items").sort("item_id")
    names = dict(workspace.read_release("catalogue").select("item_id", "name").iter_rows())
    assert bundle.index.ids.tolist() == items["item_id"].to_list()
    for row, item in enumerate(items.to_dicts()):
        assert bundle.item_row(item["item_id"]) == row
        given = {name: value for name, value in item.items() if value is not None}
        assert bundle.item(row) == given | {"name": names[item["item_id"]]}
        code = int(bundle.brands[row])
        assert (None if code < 0 else bundle.brand_names[code]) == item["brand"]
        assert bundle.meta.categories[bundle.categories[row]] == item["category"]
        assert bundle.prices[row] == pytest.approx(np.nan if item["price"] is None else item["price"], nan_ok=True)
    assert bundle.item_row("spaceship") is None
    assert bundle.item_row("tea-0-0" + "x" * 500) is None


def test_vectors_are_those_of_the_release(bundle: Bundle, workspace: Workspace) -> None:
    vectors = workspace.read_release("vectors")
    for kind, names, held in (
        ("item", bundle.index.ids, bundle.index.vectors),
        ("user", bundle.user_ids, bundle.user_vectors),
        ("tag", bundle.tag_names, bundle.tag_vectors),
    ):
        stored = vectors.filter(kind=kind).sort("id")
        assert names.tolist() == stored["id"].to_list()
        assert held.tolist() == stored["vector"].to_list()
    assert bundle.lengths == pytest.approx(np.linalg.norm(bundle.index.vectors, axis=1))


def test_stored_lists_are_the_table_with_titles(bundle: Bundle, workspace: Workspace) -> None:
    titles = dict(workspace.read_release("items").select("item_id", "title").iter_rows())
    shown = ("item_id", "source", "tag", "interest", "interest_id", "reason")
    for (user,), rows in workspace.read_release("recommendations").group_by("user_id"):
        stored = bundle.stored(str(user))
        assert stored is not None
        entries = orjson.loads(b"[" + stored.first(100, full=True) + b"]")
        expected = rows.sort("rank").to_dicts()
        assert len(stored) == len(expected)
        assert [bundle.index.ids[item] for item in stored.items] == [row["item_id"] for row in expected]
        for entry, row in zip(entries, expected, strict=True):
            assert {name: entry[name] for name in shown} == {name: row[name] for name in shown}
            assert entry["title"] == titles[row["item_id"]]
            for score in ("score", "score_user", "score_tag"):
                assert entry[score] == (None if row[score] is None else round(row[score], 6))
    assert bundle.stored("newcomer") is None
    assert bundle.stored("ghost") is None


def test_history_and_what_was_seen_are_the_events(bundle: Bundle, workspace: Workspace) -> None:
    events = workspace.read_release("events")
    for user in bundle.users(limit=100):
        own = events.filter(user_id=user).sort("timestamp", "row")
        assert bundle.history(user).equals(own.select(bundle.history(user).columns))
        had = sorted(set(own["item_id"]))
        assert bundle.index.ids[bundle.seen(user)].tolist() == had
        assert bundle.index.ids[bundle.chosen(user)].tolist() == had
        assert bundle.n_events[bundle.user_row(user)] == own.height
    assert bundle.history("ghost").is_empty()
    assert bundle.seen("ghost").tolist() == bundle.chosen("ghost").tolist() == []


def test_what_is_written_about_users(bundle: Bundle, workspace: Workspace) -> None:
    interests = workspace.read_release("interests").sort("weight", descending=True)
    tags, profiles = workspace.read_release("tags").sort("rank"), workspace.read_release("profiles")
    for user in bundle.users(limit=5):
        about = bundle.about(user)
        assert about is not None
        assert {row["interest_id"]: row for row in about.interests} == {
            row["interest_id"]: row for row in interests.filter(user_id=user).drop("user_id").to_dicts()
        }
        weights = [row["weight"] for row in about.interests]
        assert weights == sorted(weights, reverse=True)
        assert about.tags == tags.filter(user_id=user).drop("user_id").to_dicts()
        assert about.profile == profiles.filter(user_id=user).drop("user_id").to_dicts()[0]
        first = about.interests[0]["interest_id"]
        assert about.tags_of(first) == [tag for tag in about.tags if tag["interest_id"] == first]
    assert bundle.about("newcomer") is None
    assert bundle.about("ghost") is None


def test_who_is_known_and_who_comes_next(bundle: Bundle) -> None:
    assert bundle.knows("user000")
    assert bundle.knows("newcomer")
    assert bundle.user_row("newcomer") is None
    assert not bundle.knows("ghost")
    assert bundle.users("user003", 2) == ["user004", "user005"]
    assert bundle.users("user00", 1) == ["user000"]
    assert bundle.users("user0030000000000000", 1) == ["user004"]
    assert bundle.users("v") == []


def test_who_gets_an_item_and_through_which_tag(bundle: Bundle, workspace: Workspace) -> None:
    rows = workspace.read_release("recommendations").sort("rank", "user_id")
    for item in rows["item_id"].unique().to_list():
        expected = rows.filter(item_id=item).select("user_id", "rank", "tag").rows()
        row = bundle.item_row(item)
        assert row is not None
        assert list(bundle.placed(row)) == expected


def test_meta_says_what_it_is(bundle: Bundle, workspace: Workspace) -> None:
    meta, release = bundle.meta, workspace.release()
    assert (meta.release, meta.as_of, meta.inputs) == (release.release, release.as_of, release.inputs)
    assert (meta.n_items, meta.n_users, meta.n_events, meta.last_row) == (72, 36, 864, 863)
    assert (meta.width, meta.towers_width, meta.stored_k) == (20, 20, 10)
    assert meta.tag_scale == release.facts["towers"]["tag_scale"]
    assert "run" not in meta.facts
    assert bundle.folder.name == f"{meta.release}-{meta.digest}"
    assert bundle.beta.of(np.array([24])) == Recommender(workspace).beta.of(np.array([24]))


def test_memory_is_mapped_and_says_the_same(bundle: Bundle, workspace: Workspace) -> None:
    mine, theirs = bundle.remembered, Recommender(workspace).ranker.remembered
    assert mine is not None
    assert theirs is not None
    events, user = workspace.read_release("events"), "user003"
    found, expected = (one.scores(events, [user], bundle.meta.as_of).toarray() for one in (mine, theirs))
    assert found.tolist() == expected.tolist()
    assert not mine.memory.tables["after"].data.flags.writeable
    assert not (bundle.folder / "towers" / "memory.safetensors").exists()


def test_the_same_release_is_exported_once(workspace: Workspace, bundle: Bundle) -> None:
    before = (bundle.folder / META).stat().st_mtime_ns
    assert bundle_of(workspace, workspace.release()) == bundle.folder
    assert export_bundle(workspace, workspace.release()) == bundle.folder
    assert (bundle.folder / META).stat().st_mtime_ns == before
    assert [entry.name for entry in bundle.folder.parent.iterdir() if entry.is_dir()] == [bundle.folder.name]


@pytest.fixture
def small(tmp_path: Path, workspace: Workspace) -> Workspace:
    """A copy without bundles, to be changed."""
    left = shutil.ignore_patterns("bundles")
    return Workspace(shutil.copytree(workspace.root, tmp_path / "shop", ignore=left))


def test_an_export_that_is_killed_leaves_nothing_to_be_seen(small: Workspace) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(small.root)], check=False, capture_output=True)
    target = bundle_of(small, small.release())
    assert died.returncode == 9
    assert not target.exists()
    assert [entry.name[:7] for entry in target.parent.iterdir() if entry.is_dir()] == [".draft-"]
    assert export_bundle(small) == target
    assert [entry.name for entry in target.parent.iterdir() if entry.is_dir()] == [target.name]
    Bundle.open(target)


def test_an_export_that_fails_cleans_up(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "save_index", full)
        with pytest.raises(WorkspaceError, match="The disk that holds .* is full"):
            export_bundle(small)
    assert [entry.name for entry in (small.root / "bundles").iterdir()] == [".lock"]


def test_other_settings_of_histories_make_another_bundle(small: Workspace) -> None:
    first = bundle_of(small, small.release())
    text = small.config_file.read_text().replace("# latest_events = 200", "latest_events = 3")
    small.config_file.write_text(text)
    assert load_config(small.config_file).serving.latest_events == 3
    bundle = Bundle.open(export_bundle(small))
    assert bundle.folder != first
    events = small.read_release("events")
    proofs = small.read_release("interests")
    for user in bundle.users(limit=5):
        own = events.filter(user_id=user).sort("timestamp", "row")["row"].to_list()
        shown = {row for rows in proofs.filter(user_id=user)["evidence"] for row in rows}
        kept = [row for row in own if row in shown or row in own[-3:]]
        assert bundle.history(user)["row"].to_list() == kept


def test_queries_stay_in_the_history(tmp_path: Path, served: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", served)
    events = workspace.read("events").head(2)
    searched = events.with_columns(
        row=pl.Series([9000, 9001]), item_id=pl.lit(None, dtype=pl.String), query=pl.lit("tea pot"),
        event=pl.lit("search"), weight=pl.Series([None, 2.0]),
    )  # fmt: skip
    workspace.write("events", searched, append=True)
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    bundle = Bundle.open(export_bundle(workspace))
    for user in set(searched["user_id"]):
        own = workspace.read_release("events").filter(user_id=user).sort("timestamp", "row")
        assert bundle.history(user).equals(own.select(bundle.history(user).columns))


def test_who_waits_for_another_export_finds_it_made(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = export._alone

    @contextmanager
    def after_another(folder: Path) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(export, "_alone", alone)
            export_bundle(small)
        with monkeypatch.context() as patch:
            patch.setattr(export, "_write", None)  # nothing is written a second time
            yield

    monkeypatch.setattr(export, "_alone", after_another)
    Bundle.open(export_bundle(small))


def test_towers_are_copied_where_a_disk_has_no_links(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("intentrec.serving.bundle.writing.os.link", refused)
    bundle = Bundle.open(export_bundle(small))
    assert bundle.towers is not None
    stored = small.artefacts.path(small.release().artefacts["towers"])
    for file in bundle.towers.rglob("*.json"):
        assert file.stat().st_nlink == 1
        assert file.read_bytes() == (stored / file.relative_to(bundle.towers)).read_bytes()


def test_a_release_without_tags_memory_or_further_columns(small: Workspace) -> None:
    first = small.release()
    vectors = small.read_release("vectors").filter(pl.col("kind") != "tag")
    tables = {"vectors": vectors, "tags": TAGS.empty(), "interests": INTERESTS.empty()}
    items = small.read("items").select("item_id", "title")
    refs = {name: small.write(name, frame) for name, frame in tables.items()}
    towers = small.artefacts.path(first.artefacts["towers"])
    kept = shutil.ignore_patterns("memory.safetensors", "blend.json")
    bare = small.write_artefact("bare", lambda folder: shutil.copytree(towers, folder, ignore=kept, dirs_exist_ok=True))
    small.releases.publish(
        first.model_copy(
            update={
                "tables": {**first.tables, **refs},
                "artefacts": {**first.artefacts, "towers": bare},
                "inputs": {**first.inputs, "items": small.write("items", items).version},
            }
        )
    )
    bundle = Bundle.open(export_bundle(small))
    assert (bundle.meta.release, bundle.meta.memory, bundle.remembered) == ("r0002", None, None)
    assert (bundle.tag_names.tolist(), bundle.tag_vectors.shape) == ([], (0, 20))
    about = bundle.about("user000")
    assert about is not None
    assert (about.interests, about.tags) == ([], [])
    assert set(bundle.item(0)) == {"item_id", "title", "category", "name"}
    assert np.isnan(bundle.prices).all()
    assert bundle.brand_names.tolist() == []
