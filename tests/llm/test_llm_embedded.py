import os
import struct
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from intentrec.errors import ConfigError, LLMAnswerError, LLMUnavailable
from intentrec.llm import Ledger, LedgeredModel, LLMConfig, LoRA
from intentrec.llm.backends import embedded
from intentrec.llm.backends.embedded import EmbeddedBackend
from llm_world import Choice, ask, choice_schema


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


def write_lora(path: Path, width: int, strength: float) -> None:
    """A rank-1 adapter for the query projection of block 0, in the GGUF layout (version 3, little endian)."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    strings = {"general.type": "adapter", "general.architecture": "llama", "adapter.type": "lora"}
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, len(strings) + 1)
    head += b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in strings.items())
    head += text("adapter.lora.alpha") + struct.pack("<If", 6, 1.0)
    size = 4 * width
    for n, (name, shape) in enumerate({"lora_a": (width, 1), "lora_b": (1, width)}.items()):
        head += text(f"blk.0.attn_q.weight.{name}") + struct.pack("<IQQIQ", 2, *shape, 0, n * size)
    head += b"\0" * (-len(head) % 32)
    values = [(strength if n % 2 else -strength) for n in range(width)]
    path.write_bytes(head + struct.pack(f"<{width}f", *values) * 2)


def test_an_adapter_changes_the_answer_and_the_key(engine: EmbeddedBackend, tmp_path: Path) -> None:
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
