"""The demo end to end on a slice of the real shop: every stage, three users shown whole, nothing paid for twice."""

from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from intentrec.cli.show_demo import demo as show
from intentrec.config import load_config
from intentrec.data.demo import demo_files
from intentrec.errors import ConfigError
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline import demo as demo_module
from intentrec.pipeline.demo import LLM_USERS_FILE, Demo, open_demo, run_demo
from intentrec.pipeline.evaluation import evaluate_workspace
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import NOW, fill, opener

USERS = 300
# The demo's own settings, but for what only costs time on a slice.
QUICK = {
    "text": {"model": "hashing"},
    "towers": {"width": 32, "epochs": 1, "epoch_examples": 2000},
    "evaluation": {"trials": 1, "samples": 100},
}


@pytest.fixture(scope="module")
def slice_of_the_shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demo's files with every item and a few hundred customers."""
    folder = tmp_path_factory.mktemp("slice")
    files = demo_files()
    kept = pl.read_parquet(files["users"]).sort("user_id").head(USERS)
    slices = {
        "items": pl.read_parquet(files["items"]),
        "users": kept,
        "events": pl.read_parquet(files["events"]).join(kept, on="user_id", how="semi"),
    }
    for name, frame in slices.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return {name: folder / f"{name}.parquet" for name in slices}


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch, slice_of_the_shop: dict[str, Path]) -> ScriptedBackend:
    """A scripted model and the slice, in place of the real model and the whole shop."""
    scripted = ScriptedBackend(fill)
    real_template = demo_module.template
    monkeypatch.setattr("intentrec.pipeline.daily.open_model", opener(scripted))
    monkeypatch.setattr(demo_module, "demo_files", lambda: slice_of_the_shop)
    monkeypatch.setattr(demo_module, "template", lambda settings: real_template(QUICK | settings))
    return scripted


def run(folder: Path, llm_url: str | None = None, model: str | None = None) -> Demo:
    return run_demo(folder, llm_url=llm_url, model=model, llm_users=3, now=lambda: NOW, progress=SILENT)


def shown(found: Demo) -> str:
    console = Console(file=StringIO(), width=160)
    show(console, found)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_the_demo_tells_whole_stories_and_pays_for_nothing_twice(tmp_path: Path, backend: ScriptedBackend) -> None:
    first = run(tmp_path / "demo")
    assert first.ingested is not None
    assert first.model == "scripted"
    assert len(first.stories) == 3
    for story in first.stories:
        assert "1. 20" in story.profile
        assert len(story.items) == 10
        assert all(item["reason"] for item in story.items)
        assert story.interests
    assert first.written_by["interests"]["none"] > first.written_by["interests"]["scripted"] > 0
    assert {"intentrec", "ease", "ials", "itemknn", "popularity"} <= set(first.evaluation.systems)

    asked = len(backend.asked)
    second = run(tmp_path / "demo")
    assert len(backend.asked) == asked
    assert second.ingested is None
    assert second.report.release == first.report.release
    assert [story.items for story in second.stories] == [story.items for story in first.stories]

    # An evaluation that names nobody asks for nobody but the users of the release.
    evaluate_workspace(Workspace(tmp_path / "demo"), load_config(tmp_path / "demo" / "intentrec.toml"), progress=SILENT)
    assert len(backend.asked) == asked

    text = shown(first)
    for words in ("1 Profile", "2 Interests", "3 Tags", "Items with reasons", "Who wrote what", "What to type next"):
        assert words in text
    assert "recall@100" in text


def test_the_shop_of_the_demo_is_filled_once_and_opened_again(tmp_path: Path, backend: ScriptedBackend) -> None:
    first, again = (open_demo(tmp_path / "demo", llm_users=3, now=lambda: NOW, progress=SILENT) for _ in range(2))
    assert first.ingested is not None
    assert again.ingested is None
    assert (again.cut, again.users) == (first.cut, first.users)
    last = first.workspace.read("events")["timestamp"].max()
    assert 27 <= (last - first.cut).days < 28
    assert (tmp_path / "demo" / LLM_USERS_FILE).read_text().split() == sorted(first.users)
    assert len(first.users) == 3
    assert backend.asked == []


def test_without_the_embedded_model_rules_write_and_say_so(
    tmp_path: Path, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from intentrec.errors import MissingExtra

    def missing(config: object) -> None:
        raise MissingExtra("The package 'xllamacpp' is needed. Run: pip install it.")

    monkeypatch.setattr(demo_module, "open_backend", missing)
    monkeypatch.setattr("intentrec.pipeline.daily.open_model", lambda config, ledger: None)
    found = run(tmp_path / "demo")
    assert found.model == "none"
    assert "Until then, rules and embeddings write everything" in found.notes[0]
    assert "Until then" in shown(found)
    assert backend.asked == []


def test_a_server_needs_a_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--llm-url needs --model NAME"):
        run(tmp_path / "demo", llm_url="http://127.0.0.1:8000/v1")


def test_a_server_is_written_into_the_settings(tmp_path: Path, backend: ScriptedBackend) -> None:
    run(tmp_path / "demo", llm_url="http://127.0.0.1:8000/v1", model="m")
    settings = (tmp_path / "demo" / "intentrec.toml").read_text()
    assert 'base_url = "http://127.0.0.1:8000/v1"' in settings
    assert 'model = "m"' in settings
