from pathlib import Path
from typing import Any

import pytest

from adapter_world import PROMPTS, card_of
from align_shop import SMOLLM
from intentrec.llm import Adapter, AdapterBase, LLMConfig, check_model, write_card
from llm_world import SERVER_KEY, BadServer, Misbehaviour, said

SMALL = LLMConfig(backend="embedded", context_tokens=256, threads=1)


def save(root: Path, stage: str, write_lora: Any, base: AdapterBase = SMOLLM) -> Adapter:
    (root / stage).mkdir()
    write_lora(root / stage / "adapter.gguf", 576, 0.1)
    write_card(root / stage, card_of(stage, base))
    return Adapter(path=stage)


def served(server: BadServer, **adapters: Adapter) -> LLMConfig:
    return LLMConfig.model_validate({"backend": "openai", "model": "m", "base_url": server.url, "adapters": adapters})


def test_the_embedded_model_is_asked_something() -> None:
    (installed, found), (works, answered) = check_model(SMALL)
    assert (installed, works) == (True, True)
    assert "SmolLM2-135M-Instruct" in found
    assert 'answered \'{"ready":' in answered


def test_a_server_is_asked_something(llm_server: str, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SERVER_KEY)
    checks = check_model(LLMConfig(backend="openai", model="SmolLM2", base_url=llm_server))
    assert [ok for ok, _ in checks] == [True, True]


def test_what_is_wrong_is_said_without_retries(bad_server: BadServer) -> None:
    bad_server.replies = [Misbehaviour(500, "{}")]
    (_, _), (works, told) = check_model(served(bad_server, tags=Adapter(model="my-tags")))
    assert not works
    assert bad_server.url in told
    assert len(bad_server.asked) == 1
    assert check_model(SMALL.model_copy(update={"weights": "nowhere.gguf"}))[0][0] is False


def test_each_adapter_is_named_and_asked_or_said_to_be_unusable(tmp_path: Path, write_lora) -> None:
    other = AdapterBase(model_id="other", weights="other.gguf", sha256="0" * 64)
    adapters = {
        "interests": save(tmp_path, "interests", write_lora),
        "tags": save(tmp_path, "tags", write_lora, other),
        "explanations": Adapter(path="nowhere"),
    }
    checks = check_model(SMALL.model_copy(update={"adapters": adapters}), tmp_path, PROMPTS)
    assert [ok for ok, _ in checks] == [True, False, False, True, True]
    _, tags, explanations, _, interests = (told for _, told in checks)
    assert "learned on other" in tags
    assert "no adapter folder" in explanations
    assert interests.startswith("The adapter of interests, SmolLM2-135M-Instruct+interests-")


def test_a_prompt_that_has_changed_since_is_found_before_a_run_meets_it(tmp_path: Path, write_lora) -> None:
    adapters = {"tags": save(tmp_path, "tags", write_lora)}
    config = SMALL.model_copy(update={"adapters": adapters})
    checks = check_model(config, tmp_path, {"tags": "tags/tuned.en@ffffffff"})
    assert [ok for ok, _ in checks] == [True, False, True]
    assert "changed since. Run `intentrec align --task tags`" in checks[1][1]


@pytest.mark.parametrize("status", [200, 404])
def test_an_adapter_of_a_server_is_asked_under_its_own_name(bad_server: BadServer, status: int) -> None:
    answer = said('{"ready": true}')
    bad_server.replies = [answer, answer if status == 200 else Misbehaviour(404, "{}")]
    *_, (works, told) = check_model(served(bad_server, tags=Adapter(model="my-tags")))
    assert [body["model"] for body in bad_server.asked] == ["m", "my-tags"]
    assert works is (status == 200)
    if works:
        assert told.endswith("It has no path, so nobody checked that it fits.")
    else:
        assert told.startswith("The adapter of tags, m+my-tags, cannot be asked:")
        assert "serve the model 'my-tags'" in told
