import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from adapter_world import PROMPTS, card_of, question, save_adapter, save_base
from align_models import model_of, tokenizer_of
from intentrec.errors import ConfigError, LLMUnavailable, MissingExtra
from intentrec.llm import Adapter, Ledger, LedgeredModel, LLMConfig, LoRA, open_backend, read_card, write_card
from intentrec.llm.backends.embedded import EmbeddedBackend
from intentrec.llm.backends.transformers import TransformersBackend
from intentrec.llm.weights import file_sha256
from llm_world import Choice, ask

STAGES = ("interests", "tags", "explanations")


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    """A folder with a tiny model and adapters for two stages."""
    root = tmp_path_factory.mktemp("shop")
    base = save_base(root / "tiny")
    for seed, stage in enumerate(STAGES[:2], start=1):
        save_adapter(root / stage, base, stage, seed)
    return root


def config(shop: Path, *stages: str, **settings: Any) -> LLMConfig:
    adapters = {stage: Adapter(path=stage) for stage in stages}
    plain = {"backend": "transformers", "weights": str(shop / "tiny"), "device": "cpu", "context_tokens": 256}
    return LLMConfig(**plain | {"adapters": adapters} | settings)


def in_llama_cpp(shop: Path, *stages: str, **settings: Any) -> LLMConfig:
    gguf = shop / "tiny" / "base.gguf"
    adapters = {stage: Adapter(path=stage, base_sha256=file_sha256(gguf)) for stage in stages}
    changes = {"backend": "embedded", "weights": str(gguf), "threads": 1, "adapters": adapters}
    return config(shop, **changes | settings)


@pytest.fixture(scope="module")
def both(shop: Path) -> TransformersBackend:
    return TransformersBackend(config(shop, "interests", "tags"), shop)


def said(backend: Any, stage: str, text: str = "Say.") -> str:
    answer = backend.ask(question(text, stage))
    return str(answer.text)


def test_each_stage_is_answered_with_its_own_adapter_and_others_with_none(both: TransformersBackend, shop) -> None:
    bare = TransformersBackend(config(shop), shop)
    alone = {stage: TransformersBackend(config(shop, stage), shop) for stage in STAGES[:2]}
    wanted = {stage: said(backend, stage) for stage, backend in alone.items()}
    wanted["explanations"] = said(bare, "explanations")
    assert len(set(wanted.values())) == 3
    for stage in (*STAGES, *STAGES[::-1], "judge", "tags"):
        assert said(both, stage) == wanted.get(stage, wanted["explanations"])


def test_llama_cpp_says_the_same_with_the_same_adapters(both: TransformersBackend, shop: Path) -> None:
    engine = EmbeddedBackend(in_llama_cpp(shop, "interests", "tags"), shop)
    for stage in (*STAGES, *STAGES):
        for text in ("Say.", "What about tea?"):
            mine, its = both.ask(question(text, stage)), engine.ask(question(text, stage))
            assert (its.text, its.prompt_tokens) == (mine.text, mine.prompt_tokens)
    engine.close()


@pytest.mark.parametrize("here", [True, False])
def test_requests_in_flight_together_do_not_mix_their_adapters(shop: Path, here: bool) -> None:
    make: Any = config if here else in_llama_cpp
    alone, together = (open_backend(make(shop, "interests", "tags", slots=slots), shop) for slots in (1, 3))
    asked = [(stage, f"About {word}.") for word in ("tea", "bread", "honey", "milk") for stage in STAGES]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda pair: said(together, *pair), asked))
    assert answers == [said(alone, *pair) for pair in asked]
    alone.close()
    together.close()


@pytest.mark.parametrize("here", [True, False])
def test_a_weaker_adapter_says_something_else_and_has_another_name(shop: Path, here: bool) -> None:
    make: Any = config if here else in_llama_cpp
    full = make(shop, "tags")
    setting = full.adapters["tags"].model_copy(update={"scale": 0.05})
    strong, weak = (
        open_backend(full.model_copy(update={"adapters": {"tags": one}}), shop)
        for one in (full.adapters["tags"], setting)
    )
    assert said(strong, "tags") != said(weak, "tags")
    assert weak.identity("tags").model == strong.identity("tags").model + "*0.05"
    strong.close()
    weak.close()


def test_names_and_keys_depend_on_the_stages_own_adapter(both: TransformersBackend, shop: Path) -> None:
    bare, one = (TransformersBackend(config(shop, *stages), shop) for stages in ((), ("interests",)))
    assert both.identity("interests") == one.identity("interests")
    assert both.identity("explanations") == one.identity("tags") == bare.identity("tags")
    assert both.identity("interests").model.startswith("tiny+interests-")
    assert bare.identity("tags").decoding["precision"] == "float32"
    assert dict(both.learned) == {stage: PROMPTS[stage] for stage in STAGES[:2]}


def test_answers_go_through_the_ledger_under_the_adapters_name(both: TransformersBackend, shop: Path) -> None:
    model = LedgeredModel(both, Ledger(None), config(shop, "interests", "tags"))
    requests = [ask("Which?").model_copy(update={"stage": stage, "prompt_version": PROMPTS[stage]}) for stage in STAGES]
    completions = model.complete(requests, Choice)
    assert [completion.model.partition("-")[0] for completion in completions] == ["tiny+interests", "tiny+tags", "tiny"]
    assert [model.name_for(stage) for stage in STAGES] == [completion.model for completion in completions]
    assert model.tuned == {"interests", "tags"}
    assert all(completion.cached for completion in model.complete(requests, Choice))
    model.ledger.close()


def test_nothing_is_loaded_before_it_is_asked_and_a_closed_model_opens_again(shop: Path) -> None:
    backend = TransformersBackend(config(shop, "tags"), shop)
    assert backend._speaker is None
    first = said(backend, "tags")
    backend.close()
    assert backend._speaker is None
    assert said(backend, "tags") == first


def test_a_model_in_memory_is_asked_as_it_is_in_the_middle_of_its_training(shop: Path) -> None:
    from peft import PeftModel

    from intentrec.llm.torch_weights import quiet

    with quiet():
        model = PeftModel.from_pretrained(model_of(), str(shop / "tags"), is_trainable=True).train()
    backend = TransformersBackend.of(model, tokenizer_of(), "step-10", config(shop), tuned=["tags"])
    assert said(backend, "tags") == said(TransformersBackend(config(shop, "tags"), shop), "tags")
    assert model.training
    assert (backend.model_id, dict(backend.learned), backend.identity("tags").model) == (
        "step-10",
        {"tags": ""},
        "step-10",
    )
    loss = model(torch.tensor([[5, 6, 7]]), labels=torch.tensor([[5, 6, 7]])).loss
    loss.backward()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.grad is not None:
                weight.sub_(50 * weight.grad)
    trained = said(backend, "tags")
    backend.close()
    assert said(backend, "tags") == trained


def test_a_damaged_adapter_another_base_and_a_missing_file_are_refused_before_anything_is_loaded(
    shop: Path, tmp_path: Path
) -> None:
    shutil.copytree(shop / "tags", tmp_path / "tags")
    other = save_base(tmp_path / "other")
    (other / "config.json").write_text(json.dumps(json.loads((other / "config.json").read_text()) | {"note": 1}))
    with pytest.raises(ConfigError, match=r"learned on tiny .*, and the weights in use are other"):
        TransformersBackend(config(shop, "tags", weights=str(other)), tmp_path)
    (tmp_path / "tags" / "adapter_model.safetensors").unlink()
    with pytest.raises(ConfigError, match="is missing: the adapter is damaged"):
        TransformersBackend(config(shop, "tags"), tmp_path)
    write_card(tmp_path / "tags", read_card(shop / "tags"))
    with pytest.raises(ConfigError, match=r"has no adapter_model\.safetensors"):
        TransformersBackend(config(shop, "tags"), tmp_path)


def test_an_adapter_of_another_shape_is_one_clear_error(shop: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(shop / "tags", tmp_path / "tags")
    file = tmp_path / "tags" / "adapter_model.safetensors"
    save_file({name: tensor[:, :-1].contiguous() for name, tensor in load_file(file).items()}, file)
    write_card(tmp_path / "tags", read_card(shop / "tags"))
    with pytest.raises(ConfigError, match="does not fit the model"):
        said(TransformersBackend(config(shop, "tags"), tmp_path), "tags")


def test_a_full_memory_is_an_outage_that_names_the_settings(shop: Path, monkeypatch) -> None:
    backend = TransformersBackend(config(shop), shop)
    speaker, _ = backend._open()

    def full(requests: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(speaker, "answers", full)
    with pytest.raises(LLMUnavailable, match=r"no memory for tiny, with 1 requests .*Lower llm\.slots"):
        said(backend, "tags")


def test_adapters_of_llama_cpp_are_not_taken(shop: Path) -> None:
    with pytest.raises(ConfigError, match=r"llm\.loras are for llm\.backend"):
        TransformersBackend(config(shop, loras=(LoRA(path="x.gguf"),)), shop)


@pytest.mark.parametrize("module", ["torch", "transformers", "peft"])
def test_a_missing_package_says_what_to_install(shop: Path, monkeypatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match="pip install"):
        open_backend(config(shop, "tags"), shop).ask(question("?", "tags"))


def test_the_default_weights_are_small_here_too() -> None:
    assert LLMConfig(backend="transformers").is_small
    assert LLMConfig(backend="transformers", slots=3).in_flight == 3
    assert not LLMConfig(backend="transformers", weights="org/model").is_small


@pytest.mark.slow
def test_the_real_model_reads_as_many_tokens_as_in_llama_cpp() -> None:
    request = ask("Which is made of beans?")
    here, there = (
        open_backend(LLMConfig(backend=name, context_tokens=256, threads=1)) for name in ("transformers", "embedded")
    )
    assert here.model_id == there.model_id == "SmolLM2-135M-Instruct"
    mine, its = here.ask(request), there.ask(request)
    assert mine.prompt_tokens == its.prompt_tokens
    assert mine.text in ('{"choice":"tea"}', '{"choice":"coffee"}')
    there.close()


def test_cards_of_the_world_are_cards(shop: Path) -> None:
    card = read_card(shop / "tags")
    assert sorted(card.files) == ["adapter.gguf", "adapter_config.json", "adapter_model.safetensors"]
    assert card.model_copy(update={"files": {}, "base": card_of("tags").base}) == card_of("tags")
