"""Adapters of the default weights that come as a package of their own (`adapters/` in the repository).

PACKAGE/STAGE-LANGUAGE/    a folder as `intentrec.llm.adapters` describes it
"""

from dataclasses import dataclass

from intentrec.config import Config
from intentrec.llm import Adapter, AdapterCard, Prompt, read_card
from intentrec.llm.config import DEFAULT_WEIGHTS, Stage
from intentrec.llm.weights import PACKAGES, package_folder
from intentrec.pipeline.align_shelf import STAGES

PACKAGE, DISTRIBUTION = "intentrec_smollm2", "intentrec-smollm2"
DO_WITHOUT = "llm.shipped_adapters = false"
_BASE_SHA256 = PACKAGES[DEFAULT_WEIGHTS.removeprefix("package:")].sha256


@dataclass(frozen=True)
class Shipped:
    """An adapter that the package brings.

    Attributes:
        where: As `[llm.adapters]` would name it.
        misfit: Why it does not go with this version of intentrec; "" where it does.
    """

    card: AdapterCard
    where: str
    misfit: str


def shipped(stage: Stage, language: str) -> Shipped | None:
    """What the package brings for a stage; None where it brings nothing, or is not installed.

    Raises:
        ConfigError: The card cannot be read.
    """
    home, name = package_folder(PACKAGE), folder_name(stage, language)
    if home is None or not (home / name).is_dir():
        return None
    card = read_card(home / name)
    return Shipped(card, f"package:{PACKAGE}/{name}", misfit(card, name))


def shipped_adapters(config: Config) -> dict[Stage, Adapter]:
    """The shipped adapters that these settings use, by stage, unless another is named or published.

    One that does not fit is left out, not refused as one that was named would be: nobody asked for it.

    Raises:
        ConfigError: A card cannot be read.
    """
    found = {stage: shipped(stage, config.language) for stage in STAGES if not left_out(stage, config)}
    return {stage: Adapter(path=one.where) for stage, one in found.items() if one and not one.misfit}


def left_out(stage: Stage, config: Config) -> str:
    """Why a stage does without a shipped adapter by the settings; "" where it does not."""
    llm, mode = config.llm, getattr(config, stage).mode
    if not llm.shipped_adapters:
        return "llm.shipped_adapters is false"
    if not llm.is_default:
        return f"it is for {DEFAULT_WEIGHTS} in this process"
    if llm.loras:
        return "it learned on weights without llm.loras"
    return "" if mode == "auto" else f"{stage}.mode is {mode!r}"


def folder_name(stage: Stage, language: str) -> str:
    """Where the package holds the adapter of a stage."""
    return f"{stage}-{language}"


def short_prompt(stage: Stage, language: str) -> str:
    """Version of the prompt that adapters of a stage learn now."""
    return Prompt.load(f"intentrec.{stage}", "tuned", language).version


def misfit(card: AdapterCard, name: str) -> str:
    """Why an adapter does not go with this version of intentrec, in a folder of this name; "" where it does."""
    if name != folder_name(card.task, card.language):
        return f"it was aligned for {card.task} in {card.language!r} and lies in {name}"
    if card.base.sha256 != _BASE_SHA256:
        return f"it learned on {card.base.model_id} with sha256 {card.base.sha256}, and the default is {_BASE_SHA256}"
    prompt = short_prompt(card.task, card.language)
    if card.prompt_version != prompt:
        return f"it learned the prompt {card.prompt_version}, and {card.task} is asked with {prompt}"
    return ""
