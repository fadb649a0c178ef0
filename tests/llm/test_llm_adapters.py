import json
import sys
from pathlib import Path

import pytest

from adapter_world import card_of
from intentrec.errors import ConfigError
from intentrec.llm import open_adapter, read_card, write_card


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "adapters" / "tags-1"
    made.mkdir(parents=True)
    (made / "adapter.gguf").write_bytes(b"for llama.cpp")
    (made / "adapter_config.json").write_text("{}")
    (made / "report.json").write_text("not part of the adapter")
    write_card(made, card_of("tags"))
    return made


def test_a_card_comes_back_as_it_was_written_with_the_hashes_of_the_files(folder: Path) -> None:
    card = read_card(folder)
    assert sorted(card.files) == ["adapter.gguf", "adapter_config.json"]
    assert card.files["adapter_config.json"].startswith("44136fa355b3678a1146ad16f7e8649e")
    assert card.model_copy(update={"files": {}}) == card_of("tags")
    assert write_card(folder, card) == card
    assert not list(folder.glob("*.tmp"))


def test_the_digest_is_of_the_files_and_of_nothing_else(folder: Path) -> None:
    first = read_card(folder).digest
    assert write_card(folder, card_of("tags", name="renamed", figures={"pass": 0.9})).digest == first
    (folder / "adapter.gguf").write_bytes(b"trained on")
    assert write_card(folder, card_of("tags")).digest != first
    assert len(first) == 64


def test_an_adapter_is_found_relative_to_the_workspace_absolute_or_in_a_package(folder: Path, monkeypatch) -> None:
    root = folder.parent.parent
    (root / "adapters" / "__init__.py").touch()
    monkeypatch.syspath_prepend(root)
    monkeypatch.delitem(sys.modules, "adapters", raising=False)
    found = [open_adapter(where, root) for where in ("adapters/tags-1", str(folder), "package:adapters/tags-1")]
    assert {(adapter.folder, adapter.card.name) for adapter in found} == {(folder, "tags-1")}
    assert found[0].file("adapter.gguf") == folder / "adapter.gguf"


def test_a_file_that_the_backend_needs_and_the_adapter_lacks_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no adapter_model\.safetensors.*Align anew"):
        open_adapter(str(folder), Path()).file("adapter_model.safetensors")


@pytest.mark.parametrize("where", ["package:no_such_package/x", "package:not a name", "package:pathlib/x"])
def test_a_package_that_is_not_there_is_named(where: str) -> None:
    with pytest.raises(ConfigError, match="The package .* is not installed"):
        open_adapter(where, Path())


def test_no_folder_no_card_and_no_adapter_are_told_apart(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no adapter folder"):
        open_adapter("elsewhere", tmp_path)
    with pytest.raises(ConfigError, match=r"has no card\.json: .*not finished"):
        open_adapter("adapters", tmp_path)
    with pytest.raises(ConfigError, match="there is no adapter to write a card for"):
        write_card(tmp_path, card_of("tags"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": 2}, "format: Input should be 1"),
        ({"task": "poems"}, "task: Input should be"),
        ({"base": {}}, r"base\.model_id: Field required"),
        ({"mood": "good"}, "mood: Extra inputs"),
    ],
)
def test_a_card_that_is_none_says_where(folder: Path, change: dict[str, object], problem: str) -> None:
    written = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(written | change))
    with pytest.raises(ConfigError, match=rf"card\.json is not a card .*{problem}"):
        read_card(folder)
    (folder / "card.json").write_text("{")
    with pytest.raises(ConfigError, match="the file: Invalid JSON"):
        read_card(folder)


def test_a_damaged_adapter_is_refused(folder: Path) -> None:
    (folder / "adapter.gguf").write_bytes(b"for llama.cp")
    with pytest.raises(ConfigError, match=r"adapter\.gguf is not the file that its card names: .*damaged"):
        open_adapter(str(folder), Path())
    (folder / "adapter.gguf").unlink()
    with pytest.raises(ConfigError, match=r"adapter\.gguf is missing"):
        open_adapter(str(folder), Path())
