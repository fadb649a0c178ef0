"""What is new is served without training, by reading its own text alone; who is erased leaves nothing behind."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from encoder_world import save_bert
from intentrec.config import Config, load_config
from intentrec.errors import ConfigError, NotFittedError
from intentrec.pipeline.encoder import NearLine, near_line
from intentrec.pipeline.encoder_training import train_workspace
from intentrec.pipeline.ingest import ingest_files
from intentrec.pipeline.inputs import load_inputs
from intentrec.progress import SILENT
from intentrec.workspace import Workspace, erase_user
from shop_world import NOW, Shop, open_shop

N_ITEMS, N_USERS = 72, 36
WIDTH = 32
WHO, OTHER, NEW = "user003", "user007", "tea-new"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Path:
    """A workspace with a trained encoder that has read nothing yet, as after an erasure."""
    model = tmp_path_factory.mktemp("model")
    save_bert(model)
    encoder = {
        "model": str(model), "item_tokens": 64, "user_tokens": 120, "max_pairs": 64, "batch": 16, "hard_negatives": 0,
        "widths": [1.0, 0.5], "validation_days": 14.0, "validation_users": 0,
    }  # fmt: skip
    # Categories that a catalogue makes up can all change when it is made anew.
    named = replace(shop, items=shop.items.with_columns(category=pl.col("item_id").str.split("-").list.first()))
    workspace, config = open_shop(tmp_path_factory.mktemp("near") / "shop", named, settings={"encoder": encoder})
    report = train_workspace(workspace, config, SILENT)
    assert (report.trained, report.n_texts) == (True, N_ITEMS + N_USERS)
    assert report.n_encoded == 0  # the training has read all of them, to learn how to narrow them
    shutil.rmtree(workspace.cache)
    return workspace.root


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return shutil.copytree(trained, tmp_path / "shop")


def settings(root: Path, **encoder: Any) -> Config:
    config = load_config(root / "intentrec.toml")
    return config.model_copy(update={"encoder": config.encoder.model_copy(update=encoder)})


def near(root: Path, users: list[str] | None = None, **encoder: Any) -> NearLine:
    """Near-line in a workspace that is opened anew, as another process would."""
    users = [f"user{n:03d}" for n in range(N_USERS)] if users is None else users
    return near_line(Workspace(root), settings(root, **encoder), users)


def ingest(root: Path, frames: Mapping[str, list[dict[str, Any]]]) -> None:
    files = {}
    for name, rows in frames.items():
        files[name] = [root.parent / f"{name}.parquet"]
        pl.DataFrame(rows).write_parquet(files[name][0])
    ingest_files(Workspace(root), settings(root), files, now=NOW, progress=SILENT)


def listed(found: NearLine, user: str, **options: Any) -> list[str]:
    return found.served.recommend([user], N_ITEMS + 1, **options)["item_id"].to_list()


def test_everything_is_read_once_and_nothing_the_second_time(root: Path) -> None:
    first, second = near(root), near(root)
    assert first.n_encoded == N_ITEMS + N_USERS
    assert first.n_tokens > first.n_encoded
    assert (second.n_encoded, second.n_tokens) == (0, 0)
    users = list(first.served.users)
    assert len(users) == N_USERS
    assert second.served.recommend(users, 10).equals(first.served.recommend(users, 10))


def test_only_the_texts_of_the_users_asked_for_are_read(root: Path) -> None:
    assert near(root, [WHO, "stranger"]).n_encoded == N_ITEMS + 1
    assert near(root, [WHO, OTHER]).n_encoded == 1


def test_a_new_item_is_found_without_training_by_reading_its_text_alone(root: Path) -> None:
    before, pointer = near(root), (root / "encoder.json").read_bytes()
    assert NEW not in before.served.index.ids
    ingest(root, {"items": [{"item_id": NEW, "title": "BLUE TEA TIN", "category": "tea"}]})
    after = near(root)
    assert after.n_encoded == 1
    assert NEW in after.served.index.ids
    assert all(NEW in listed(after, user) for user in after.served.users)
    assert after.served.recommend([WHO], 1, items=[NEW])["item_id"].to_list() == [NEW]
    np.testing.assert_array_equal(after.served.vectors, before.served.vectors)
    assert (root / "encoder.json").read_bytes() == pointer
    assert after.served.encoder.version == before.served.encoder.version


def test_a_new_event_changes_its_user_and_nobody_else(root: Path) -> None:
    before = near(root)
    taken = next(item for item in listed(before, WHO) if item in listed(before, OTHER))
    last = before.served.as_of - timedelta(seconds=1)
    ingest(root, {"events": [{"user_id": WHO, "item_id": taken, "timestamp": last, "event": "purchase"}]})
    after = near(root)
    assert (after.n_encoded, after.served.as_of) == (1, before.served.as_of)
    moved = np.flatnonzero((after.served.vectors != before.served.vectors).any(axis=1))
    assert moved.tolist() == [after.served.users[WHO]]
    assert taken not in listed(after, WHO)
    assert taken in listed(after, WHO, filter_viewed=False)
    assert taken in listed(after, OTHER)


def test_a_new_user_is_served_without_training(root: Path) -> None:
    near(root)
    last = load_inputs(Workspace(root), None).as_of - timedelta(seconds=1)
    ingest(root, {"events": [{"user_id": "new", "item_id": "tea-0-1", "timestamp": last, "event": "purchase"}]})
    found = near(root, ["new", WHO])
    assert found.n_encoded == 1
    assert len(listed(found, "new")) == N_ITEMS - 1


def test_after_their_days_numbers_are_counted_anew_and_only_what_they_change_is_read(root: Path) -> None:
    before = near(root)
    later = before.served.as_of + timedelta(days=8)
    ingest(root, {"events": [{"user_id": WHO, "item_id": "tea-0-1", "timestamp": later, "event": "purchase"}]})
    after = near(root)
    moved = (after.served.index.vectors != before.served.index.vectors).any(axis=1)
    assert moved.any()
    assert after.n_encoded == moved.sum() + 1  # and the user


def test_a_young_encoder_is_taken_over(root: Path) -> None:
    near(root)
    pointer = (root / "encoder.json").read_bytes()
    ingest(root, {"items": [{"item_id": NEW, "title": "BLUE TEA TIN", "category": "tea"}]})
    again = train_workspace(Workspace(root), settings(root), SILENT)
    assert (again.trained, again.n_encoded) == (False, 1)
    assert (root / "encoder.json").read_bytes() == pointer


def holding(root: Path, text: str) -> list[str]:
    """Files that hold a text: among their bytes, or, as Parquet packs them, among their values."""
    files = [file for file in root.rglob("*") if file.is_file()]
    return [str(file.relative_to(root)) for file in files if text.encode() in unpacked(file)]


def unpacked(file: Path) -> bytes:
    values = pl.read_parquet(file).write_json().encode() if file.suffix == ".parquet" else b""
    return file.read_bytes() + values


def test_an_erased_user_leaves_no_byte_and_the_encoder_goes_on(root: Path) -> None:
    near(root)
    held = holding(root, WHO)
    assert any(name.startswith("tables/events") for name in held)
    assert not [name for name in held if not name.startswith("tables/")]
    erase_user(Workspace(root), WHO, NOW, lambda path, user: 0)
    assert holding(root, WHO) == []
    after = near(root)
    assert WHO not in after.served.users
    assert after.n_encoded == N_ITEMS + N_USERS - 1
    assert listed(after, WHO) == []
    assert len(listed(after, OTHER)) > 0
    assert holding(root, WHO) == []


def test_a_narrower_width_that_was_trained_is_served_without_reading_anything(root: Path) -> None:
    whole, half = near(root), near(root, served_width=0.5)
    assert half.n_encoded == 0
    shapes = [found.served.index.vectors.shape for found in (whole, half)]
    assert shapes == [(N_ITEMS, WIDTH), (N_ITEMS, WIDTH // 2)]


def test_a_width_that_was_not_trained_is_refused(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"The width 0.25 was not trained; encoder.served_width can be 1, 0.5"):
        near(root, widths=(1.0, 0.25), served_width=0.25)


def test_without_an_encoder_there_is_nothing_to_serve(tmp_path: Path, shop: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    with pytest.raises(NotFittedError, match="has no trained encoder"):
        near_line(workspace, config, [WHO])
