from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapter_world import PROMPTS, card_of, question
from intentrec.errors import ConfigError
from intentrec.llm import Adapter, LLMConfig, write_card
from intentrec.llm.backends import Identity
from intentrec.llm.stage_adapters import check_prompt, find_adapters
from intentrec.llm.weights import Weights

BASE = Identity("tiny", {"seed": 0})


def save(root: Path, stage: str, content: str = "weights") -> Adapter:
    folder = root / stage
    folder.mkdir(exist_ok=True)
    (folder / "adapter.gguf").write_text(content)
    write_card(folder, card_of(stage))
    return Adapter(path=stage)


def config(backend: str = "embedded", **adapters: Any) -> LLMConfig:
    return LLMConfig.model_validate({"backend": backend, "model": "m", "adapters": adapters})


def test_an_adapter_is_found_for_its_stage(tmp_path: Path) -> None:
    found = find_adapters(config(tags=save(tmp_path, "tags")), tmp_path)
    assert list(found) == ["tags"]
    assert found["tags"].prompt_version == PROMPTS["tags"]
    assert found["tags"].file("adapter.gguf") == tmp_path / "tags" / "adapter.gguf"
    assert find_adapters(LLMConfig(), tmp_path) == {}


def test_an_adapter_of_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"llm\.adapters\.tags: .* was aligned for interests"):
        find_adapters(config(tags=save(tmp_path, "interests")), tmp_path)


@pytest.mark.parametrize(("backend", "needed"), [("embedded", "path"), ("transformers", "path"), ("openai", "model")])
def test_each_backend_needs_its_part_of_the_setting(tmp_path: Path, backend: str, needed: str) -> None:
    with pytest.raises(ConfigError, match=rf'llm\.adapters\.tags\.{needed} is empty, and llm\.backend = "{backend}"'):
        find_adapters(config(backend, tags={}), tmp_path)


def test_there_are_adapters_for_the_writing_stages_only() -> None:
    with pytest.raises(ValidationError, match="judge"):
        config(judge={"path": "x"})
    with pytest.raises(ValidationError, match="greater than 0"):
        config(tags={"scale": 0})


def test_name_and_key_follow_files_and_scale(tmp_path: Path) -> None:
    plain = find_adapters(config(tags=save(tmp_path, "tags")), tmp_path)["tags"].identity(BASE)
    digest = str(plain.decoding["adapter"]["sha256"])
    assert plain.model == f"tiny+tags-{digest[:8]}"
    assert plain.decoding == {"seed": 0, "adapter": {"name": "", "sha256": digest, "scale": 1.0}}
    half = find_adapters(config(tags={"path": "tags", "scale": 0.5}), tmp_path)["tags"].identity(BASE)
    assert half.model == f"{plain.model}*0.5"
    other = find_adapters(config(tags=save(tmp_path, "tags", "trained on")), tmp_path)["tags"].identity(BASE)
    assert other.model.startswith("tiny+tags-")
    assert len({one.model for one in (plain, half, other)}) == 3
    assert BASE.decoding == {"seed": 0}


def test_an_adapter_of_a_server_is_known_by_its_name_there_and_by_its_card_if_it_has_one(tmp_path: Path) -> None:
    bare = find_adapters(config("openai", tags={"model": "my-tags"}), tmp_path)["tags"]
    assert (bare.prompt_version, bare.identity(BASE, "my-tags").model) == ("", "tiny+my-tags")
    save(tmp_path, "tags")
    known = find_adapters(config("openai", tags={"model": "my-tags", "path": "tags"}), tmp_path)["tags"]
    assert known.prompt_version == PROMPTS["tags"]
    assert known.identity(BASE, "my-tags").model.startswith("tiny+my-tags-")


def test_other_weights_are_refused_unless_the_settings_say_that_they_are_the_same_model(tmp_path: Path) -> None:
    own, other = Weights(tmp_path, "tiny", "0" * 64), Weights(tmp_path, "tiny-q8", "2" * 64)
    find_adapters(config(tags=save(tmp_path, "tags")), tmp_path)["tags"].check_base(own)
    with pytest.raises(ConfigError, match=r"learned on tiny .* in use are tiny-q8 .*llm\.adapters\.tags\.base_sha256"):
        find_adapters(config(tags={"path": "tags"}), tmp_path)["tags"].check_base(other)
    find_adapters(config(tags={"path": "tags", "base_sha256": "2" * 64}), tmp_path)["tags"].check_base(other)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("tags/choose.en@00000001", r'another form\. Set tags\.mode = "auto"'),
        ("tags/tuned.ru@00000001", r"speaks 'en', and `language` is 'ru'\. Run `intentrec align --task tags`"),
        ("tags/tuned.en@ffffffff", r"changed since\. Run `intentrec align --task tags`"),
        ("rules", "another form"),
    ],
)
def test_a_question_in_other_words_than_were_learned_is_refused(asked: str, problem: str) -> None:
    request = question("?", "tags").model_copy(update={"prompt_version": asked})
    with pytest.raises(ConfigError, match=rf"learned the prompt tags/tuned\.en@00000001, .*{problem}"):
        check_prompt(PROMPTS, request)
    check_prompt({"tags": ""}, request)
    check_prompt({"interests": PROMPTS["interests"]}, request)
    check_prompt(PROMPTS, question("?", "tags"))
