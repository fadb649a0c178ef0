"""The commands of the encoder on the small shop: train, recommend, compare."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from encoder_shop import with_encoder
from encoder_world import save_bert
from shop_world import Settings, make_shop, open_shop

Cli = Callable[..., tuple[int, str, str]]
QUICK: Settings = {"evaluation": {"baselines": ["popularity"], "trials": 1, "samples": 100, "ks": [5, 10]}}
N_ITEMS, N_USERS = 72, 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with events; the tests of this file follow each other in it."""
    root = tmp_path_factory.mktemp("encoder")
    save_bert(root / "bert")
    open_shop(root / "shop", make_shop(N_USERS), settings=with_encoder(root / "bert") | QUICK)
    return root / "shop"


def test_before_training_there_is_nobody_to_ask(cli: Cli, folder: Path) -> None:
    code, _, err = cli("-w", folder, "encoder", "recommend", "user000")
    assert code == 9
    assert "Run `intentrec encoder train` first" in " ".join(err.split())


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    """The same after one training, made through the command line."""
    import sys

    from intentrec.cli import main

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, "argv", ["intentrec", "-w", str(folder), "encoder", "train", "--json"])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code
    return folder


def test_a_second_training_takes_the_first_over(cli: Cli, trained: Path) -> None:
    code, out, _ = cli("-w", trained, "encoder", "train", "--json")
    report = json.loads(out)
    assert code == 0
    assert set(report) == {"version", "trained_as_of", "trained", "history", "n_texts", "n_encoded", "n_tokens"}
    assert (report["trained"], report["n_encoded"], report["n_tokens"]) == (False, 0, 0)
    known = json.loads((trained / "encoder.json").read_text())
    assert (report["version"], report["trained_as_of"]) == (known["version"], known["trained_as_of"])
    code, out, _ = cli("-w", trained, "encoder", "train")
    assert "is young enough" in out
    assert "0 were new" in out


def test_a_training_is_shown_epoch_by_epoch(cli: Cli, tmp_path: Path, folder: Path) -> None:
    from intentrec.config import load_config

    model = load_config(folder / "intentrec.toml").encoder.model
    open_shop(tmp_path / "shop", make_shop(8), settings=with_encoder(Path(model), epochs=2))
    code, out, _ = cli("-w", tmp_path / "shop", "encoder", "train")
    assert code == 0
    for words in ("Training", "validation recall", "hard negatives that were shown", f"{N_ITEMS + 8} texts"):
        assert words in out


def test_a_list_of_the_encoder_as_json_has_titles_and_what_was_read_anew(cli: Cli, trained: Path) -> None:
    code, out, _ = cli("-w", trained, "encoder", "recommend", "user000", "-k", "3", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["encoded"] == 0
    assert [row["rank"] for row in found["items"]] == [1, 2, 3]
    assert set(found["items"][0]) == {"user_id", "rank", "item_id", "score", "title"}
    assert all(row["title"] for row in found["items"])


def test_what_the_user_had_comes_only_if_asked(cli: Cli, trained: Path) -> None:
    had = set(pl.read_parquet(trained.parent / "shop-files" / "events.parquet").filter(user_id="user000")["item_id"])
    lists = [
        {row["item_id"] for row in json.loads(cli("-w", trained, "encoder", "recommend", "user000", *more)[1])["items"]}
        for more in (["-k", "100", "--json"], ["-k", "100", "--json", "--include-viewed"])
    ]
    assert not lists[0] & had
    assert lists[1] == lists[0] | had


def test_a_list_of_the_encoder_for_people(cli: Cli, trained: Path) -> None:
    code, out, _ = cli("-w", trained, "encoder", "recommend", "user000", "-k", "2")
    assert code == 0
    for words in ("By the encoder", "title", "0 texts were new or changed since the last time."):
        assert words in out


def test_an_unknown_user_is_named(cli: Cli, trained: Path) -> None:
    code, _, err = cli("-w", trained, "encoder", "recommend", "ghost")
    assert code == 8
    assert "There is no user 'ghost' with events before 2024-" in " ".join(err.split())


def test_a_comparison_as_json_has_the_roads_beside_the_reports(cli: Cli, trained: Path, tmp_path: Path) -> None:
    page, text = tmp_path / "report.html", tmp_path / "report.md"
    code, out, err = cli("-w", trained, "compare", "--json", "--html", page, "--markdown", text)
    found = json.loads(out)
    assert code == 0
    assert [entry["system"] for entry in found["systems"]] == ["intentrec", "encoder", "both", "popularity"]
    assert {row["system"] for row in found["roads"]} == {"intentrec", "encoder", "both"}
    assert found["about"]["command"] == f"intentrec -w {trained} compare --json --html {page} --markdown {text}"
    assert f"Wrote {page}" in err
    assert "The roads" in page.read_text("utf-8")
    assert "## The roads" in text.read_text("utf-8")
    assert cli("-w", trained, "releases", "--json")[1].strip() == "[]"


def test_a_comparison_for_people_shows_quality_and_the_roads(cli: Cli, trained: Path) -> None:
    code, out, _ = cli("-w", trained, "compare")
    assert code == 0
    for words in ("View 'new'", "The roads", "Freshness", "Interpretability"):
        assert words in out


def test_a_report_that_cannot_be_written_is_refused_before_anything_runs(cli: Cli, folder: Path) -> None:
    code, _, err = cli("-w", folder, "compare", "--html", "no/such/folder/report.html")
    assert code == 3
    assert "name a file in a folder that exists" in " ".join(err.split())


def test_a_folder_that_is_no_workspace_is_said(cli: Cli, tmp_path: Path) -> None:
    for command in (["encoder", "train"], ["encoder", "recommend", "user000"], ["compare"]):
        code, _, err = cli("-w", tmp_path, *command)
        assert code == 5
        assert "intentrec init" in err


def test_the_commands_are_in_the_help(cli: Cli) -> None:
    assert {"train", "recommend"} <= set(cli("encoder", "--help")[1].split())
    assert "compare" in cli("--help")[1].split()
