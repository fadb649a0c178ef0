import shutil
import sys
import types
from pathlib import Path

import pytest
import torch
from transformers import LlamaModel

from adapter_world import save_base
from align_models import model_of
from intentrec.errors import ConfigError, MissingExtra
from intentrec.llm.torch_weights import (
    device_of,
    find_torch_weights,
    folder_sha256,
    load_causal_lm,
    precision_of,
    quiet,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return save_base(tmp_path_factory.mktemp("models") / "tiny")


def logits(model) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([[5, 9, 70]])).logits


def test_a_folder_is_found_hashed_and_loaded(base: Path) -> None:
    found = find_torch_weights(str(base))
    assert (found.path, found.model_id, found.sha256) == (base, "tiny", folder_sha256(base))
    assert find_torch_weights(str(base), found.sha256) == found
    tokenizer, model = load_causal_lm(str(base))
    assert tokenizer.decode(tokenizer.encode("tea for two")) == "tea for two"
    torch.testing.assert_close(logits(model), logits(model_of()))
    assert load_causal_lm(str(base), torch.bfloat16)[1].dtype == torch.bfloat16


def test_the_hash_of_a_folder_is_of_the_model_in_it(base: Path, tmp_path: Path) -> None:
    shutil.copytree(base, tmp_path / "copy")
    (tmp_path / "copy" / "notes.pdf").write_text("bought in spring")
    assert folder_sha256(tmp_path / "copy") == folder_sha256(base)
    (tmp_path / "copy" / "config.json").write_text("{}")
    assert folder_sha256(tmp_path / "copy") != folder_sha256(base)
    with pytest.raises(ConfigError, match=f"but {'0' * 64} is pinned"):
        find_torch_weights(str(base), "0" * 64)


def test_a_gguf_file_gives_the_same_model_with_weights_that_can_be_saved(base: Path, tmp_path: Path, capfd) -> None:
    found = find_torch_weights(str(base / "base.gguf"))
    assert (found.path, found.model_id) == (base / "base.gguf", "base")
    _, model = load_causal_lm(str(base / "base.gguf"))
    torch.testing.assert_close(logits(model), logits(model_of()), atol=1e-4, rtol=1e-4)
    with quiet():
        model.save_pretrained(tmp_path)
        shutil.copy(base / "tokenizer.json", tmp_path)
    torch.testing.assert_close(logits(load_causal_lm(str(tmp_path))[1]), logits(model))
    assert capfd.readouterr().err == ""


def test_a_model_without_a_head_cannot_write(base: Path, tmp_path: Path) -> None:
    with quiet():
        LlamaModel(model_of().config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(base / name, tmp_path / name)
    with pytest.raises(ConfigError, match=r"cannot write: it has no weights 'lm_head\.weight'"):
        load_causal_lm(str(tmp_path))


def test_an_architecture_that_transformers_misreads_is_refused(base: Path, monkeypatch) -> None:
    monkeypatch.setattr("intentrec.llm.torch_weights._MISREAD", ("llama",))
    load_causal_lm(str(base))
    with pytest.raises(ConfigError, match=r'misreads llama models in GGUF files .*llm\.backend = "embedded"'):
        load_causal_lm(str(base / "base.gguf"))


def test_what_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_causal_lm(str(tmp_path))
    for where in ("/no/such/folder", "nothing", "a/b/c"):
        with pytest.raises(ConfigError, match=rf"there is no folder '{where}'.*Hugging Face id"):
            find_torch_weights(where)


def test_a_hugging_face_id_is_fetched(base: Path, monkeypatch) -> None:
    asked = []
    hub = types.SimpleNamespace(snapshot_download=lambda name, allow_patterns: asked.append(name) or str(base))
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    found = find_torch_weights("org/tiny-instruct")
    assert (found.path, found.model_id, asked) == (base, "tiny-instruct", ["org/tiny-instruct"])


def test_without_network_the_ways_out_are_named(monkeypatch) -> None:
    def offline(name: str, allow_patterns: list[str]) -> str:
        raise OSError("offline mode")

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(snapshot_download=offline))
    with pytest.raises(ConfigError, match=r"org/tiny could not be fetched .*: offline mode\. Without network"):
        load_causal_lm("org/tiny")


def test_gguf_without_its_package_says_what_to_install(base: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(MissingExtra, match="'gguf' is needed for language models in torch"):
        find_torch_weights(str(base / "base.gguf"))


@pytest.mark.parametrize(
    ("wanted", "device", "able", "found"),
    [
        ("auto", "cpu", True, torch.float32),
        ("auto", "cuda", True, torch.bfloat16),
        ("auto", "cuda:1", False, torch.float32),
        ("float32", "cuda", True, torch.float32),
        ("bfloat16", "cpu", False, torch.bfloat16),
    ],
)
def test_precision_follows_the_device_unless_it_is_set(monkeypatch, wanted, device, able, found) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: able)
    assert precision_of(wanted, device) is found


def test_a_device_is_a_gpu_where_there_is_one_unless_it_is_set(monkeypatch) -> None:
    for there, found in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert (device_of("auto"), device_of("cpu"), device_of("cuda:1")) == (found, "cpu", "cuda:1")
