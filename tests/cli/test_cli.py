"""The command line as a user meets it: from init to erase on the small shop."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from intentrec import __version__
from intentrec.cli import main
from intentrec.config import template
from shop_world import Shop, make_shop, merged

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop as three files, one of each format."""
    folder = tmp_path_factory.mktemp("files")
    shop: Shop = make_shop(24)
    shop.items.write_csv(folder / "items.csv")
    shop.users.write_ndjson(folder / "users.jsonl")
    shop.events.write_parquet(folder / "events.parquet")
    return folder


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Path:
    """A workspace with data and one release, made through the command line."""
    folder = tmp_path_factory.mktemp("cli") / "shop"
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("COLUMNS", "200")
    for arguments in (
        ["init", folder],
        ["-w", folder, "ingest", "--items", files / "items.csv", "--events", files / "events.parquet"],
        ["-w", folder, "ingest", "--users", files / "users.jsonl"],
        ["-w", folder, "run"],
    ):
        monkeypatch.setattr(sys, "argv", ["intentrec", *map(str, arguments)])
        main_or_exit()
        if arguments[0] == "init":
            (folder / "intentrec.toml").write_text(template(merged(None)), "utf-8")
    monkeypatch.undo()
    return folder


def main_or_exit() -> None:
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code


def test_a_list_as_json_has_the_promised_fields(cli: Cli, filled: Path) -> None:
    code, out, _ = cli("-w", filled, "recommend", "user000", "-k", "3", "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["rank"] for row in rows] == [1, 2, 3]
    promised = {
        "user_id", "item_id", "rank", "score", "score_user", "score_tag", "source", "tag", "interest", "reason",
    }  # fmt: skip
    assert promised <= set(rows[0])


def test_a_list_for_people_shows_titles_and_reasons(cli: Cli, filled: Path) -> None:
    code, out, _ = cli("-w", filled, "recommend", "user000", "-k", "2")
    assert code == 0
    assert "Recommendations" in out
    assert "Close to the" in out


def test_why_shows_the_chain(cli: Cli, filled: Path) -> None:
    _, listed, _ = cli("-w", filled, "recommend", "user000", "--json")
    item = json.loads(listed)[0]["item_id"]
    code, out, _ = cli("-w", filled, "why", "user000", item)
    assert code == 0
    for heading in ("Score", "Interest and tag", "Profile lines behind it", "Raw events"):
        assert heading in out
    chain = json.loads(cli("-w", filled, "why", "user000", item, "--json")[1])
    assert chain["item_id"] == item
    assert chain["events"][0]["event"] == "purchase"


def test_the_data_report_counts(cli: Cli, filled: Path) -> None:
    report = json.loads(cli("-w", filled, "data", "check", "--json")[1])
    assert report["rows"]["events"] == 24 * 24
    assert "Leak risks" in cli("-w", filled, "data", "check")[1]


def test_the_same_file_twice_adds_nothing(cli: Cli, filled: Path, files: Path) -> None:
    report = json.loads(cli("-w", filled, "ingest", "--events", files / "events.parquet", "--json")[1])
    assert report["tables"][0]["kept"] == 0
    assert report["tables"][0]["again"] == 24 * 24
    code, out, _ = cli("-w", filled, "run", "--json")
    assert (code, json.loads(out)["published"]) == (0, False)


def test_evaluation_as_json_lists_every_system_beside_the_reports(cli: Cli, filled: Path, tmp_path: Path) -> None:
    page, text = tmp_path / "report.html", tmp_path / "report.md"
    code, out, err = cli("-w", filled, "evaluate", "--json", "--sweep", "--html", page, "--markdown", text)
    systems = {entry["system"]: entry for entry in json.loads(out)["systems"]}
    assert code == 0
    assert set(systems) == {"intentrec", "intentrec, towers only", "popularity", "itemknn", "ease", "ials"}
    assert {"recall@10", "ndcg@10", "recall@100"} <= set(systems["intentrec"])
    assert {entry["knob"] for entry in json.loads(out)["sweep"]} == {"beta", "diversity"}
    assert f"Wrote {page}" in err
    assert f"evaluate --json --sweep --html {page}" in page.read_text("utf-8")
    assert "## Recall against diversity" in text.read_text("utf-8")


def test_evaluation_for_people_shows_each_view(cli: Cli, filled: Path) -> None:
    code, out, _ = cli("-w", filled, "evaluate", "--protocol", "leave-one-out")
    assert code == 0
    assert "View 'new'" in out
    assert "Leaky" in out


def test_releases_are_listed_and_rolled_back(cli: Cli, filled: Path) -> None:
    assert json.loads(cli("-w", filled, "releases", "--json")[1])[0]["current"]
    assert "r0001" in cli("-w", filled, "releases")[1]
    assert "Readers now see r0001" in cli("-w", filled, "rollback", "r0001")[1]


def test_a_dry_run_for_people(cli: Cli, filled: Path) -> None:
    code, out, _ = cli("-w", filled, "run", "--dry-run")
    assert code == 0
    assert "nothing was asked" in " ".join(out.split())
    assert json.loads(cli("-w", filled, "run", "--dry-run", "--json")[1])["model"] == "none"


def test_the_doctor_looks_at_everything(cli: Cli, filled: Path, tmp_path: Path) -> None:
    code, out, _ = cli("-w", filled, "doctor")
    assert code == 0
    for what in ("Python", "torch", "settings", "release", "language model"):
        assert what in out
    assert "`intentrec init DIR` makes one" in cli("-w", tmp_path, "doctor")[1]
    (tmp_path / "intentrec.toml").write_text("[llm]\nbackedn = 'none'")
    code, out, _ = cli("-w", tmp_path, "doctor", "--json")
    assert code == 1
    assert any(finding["ok"] is False for finding in json.loads(out))


def test_stages_stop_early(cli: Cli, filled: Path) -> None:
    code, out, _ = cli("-w", filled, "run", "--stages", "profiles")
    assert code == 0
    assert "Stopped after profiles; nothing was published." in out


def test_a_user_is_erased_with_a_receipt(cli: Cli, tmp_path: Path, filled: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(filled, folder)
    code, out, _ = cli("-w", folder, "erase", "user003", "--yes")
    assert code == 0
    assert "Erased user003" in out
    left = [file for file in folder.rglob("*") if file.is_file() and b"user003" in file.read_bytes()]
    assert left == []
    assert cli("-w", folder, "recommend", "user003")[0] == 8
    assert cli("-w", folder, "recommend", "user004")[0] == 0


def test_the_version(cli: Cli) -> None:
    assert cli("--version") == (0, f"intentrec {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["recommend", "ghost"], 8, "There is no user 'ghost' in release r0001"),
        (["why", "user000", "spaceship"], 8, "There is no item 'spaceship'"),
        (["rollback", "r0042"], 8, "There is no release 'r0042'. Published: r0001"),
        (["run", "--as-of", "soon"], 3, "'soon' is not a date"),
        (["run", "--stages", "everything"], 3, "There is no stage 'everything'"),
        (["evaluate", "--protocol", "magic"], 3, "There is no protocol 'magic'"),
        (["evaluate", "--targets", "magic"], 3, "There are no targets 'magic'; choose one of window, last, successive"),
        (["evaluate", "--html", "no/such/folder/report.html"], 3, "name a file in a folder that exists"),
        (["evaluate", "--protocol", "column"], 4, "no column 'split'"),
        (["ingest", "--events", "absent.parquet"], 4, "absent.parquet"),
        (["ingest"], 2, "Give at least one of --items"),
    ],
)
def test_what_goes_wrong_is_one_paragraph_and_an_exit_code(
    cli: Cli, filled: Path, arguments: list[str], code: int, words: str
) -> None:
    got, _, err = cli("-w", filled, *arguments)
    assert got == code
    assert words in " ".join(err.split())
    assert "Traceback" not in err


def test_a_folder_that_is_no_workspace(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("-w", tmp_path, "run")
    assert code == 5
    assert "intentrec init" in err


def test_init_does_not_overwrite(cli: Cli, filled: Path) -> None:
    code, _, err = cli("init", filled)
    assert code == 5
    assert "exists already" in " ".join(err.split())


def test_an_interrupt_says_how_to_go_on(cli: Cli, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("intentrec.pipeline.daily.run_day", interrupted)
    code, _, err = cli("-w", filled, "run")
    assert code == 130
    assert "start the same command again" in err
