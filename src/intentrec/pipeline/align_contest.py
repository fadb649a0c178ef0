"""A new adapter beside what is in use: the same held-out questions, answered by both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from intentrec.alignment.gate import Figures
from intentrec.config import Config
from intentrec.errors import ConfigError
from intentrec.llm import LLMConfig, open_adapter
from intentrec.pipeline.adapters import adapters_by_stage
from intentrec.pipeline.align_judging import Examiner
from intentrec.pipeline.align_measure import figures_of
from intentrec.pipeline.align_questions import Scene
from intentrec.pipeline.align_training import base_of
from intentrec.pipeline.align_writers import answers, open_writer
from intentrec.pipeline.asking import Form
from intentrec.workspace import Workspace


@dataclass(frozen=True)
class Rival:
    """Who answers, and how it is asked.

    Attributes:
        name: As reports call it.
        adapter: Folder of its adapter; None for the model alone.
        note: Why it is this one and not the adapter that is in use; "" where it is.
    """

    name: str
    form: Form
    adapter: Path | None
    note: str = ""


def in_use(workspace: Workspace, scene: Scene, base: LLMConfig) -> Rival:
    """What the stage uses now: an adapter where there is one that fits the model and the prompt, else the model alone.

    The model alone chooses where it is small, as it does in a run, and writes freely otherwise, or where
    `gate.against` says so.
    """
    chosen = adapters_by_stage(workspace, scene.config).get(scene.stage)
    if chosen is None or not chosen.adapter.path:
        return _alone(scene.config, base)
    try:
        found = open_adapter(chosen.adapter.path, workspace.root)
    except ConfigError as unusable:
        return replace(_alone(scene.config, base), note=f"What is in use cannot be used any more: {unusable}")
    card, asked = found.card, scene.held_out()
    if card.base.sha256 != base_of(base).sha256:
        note = f"{card.name}, which is in use, learned on {card.base.weights} and not on {base.weights}."
        return replace(_alone(scene.config, base), note=note)
    if asked and card.prompt_version != asked[0].request.prompt_version:
        note = f"{card.name}, which is in use, learned the prompt {card.prompt_version}, which has changed since."
        return replace(_alone(scene.config, base), note=note)
    return Rival(card.name, "tuned", found.folder)


def _alone(config: Config, base: LLMConfig) -> Rival:
    form: Form = "choosing" if base.is_small and config.alignment.gate.against == "in-use" else "writing"
    return Rival(f"{base_of(base).model_id}, {form}", form, None)


def measured(workspace: Workspace, scene: Scene, base: LLMConfig, examiner: Examiner, rival: Rival) -> Figures:
    """Its figures on the held-out questions."""
    asked = scene.held_out(rival.form)
    adapter = None if rival.adapter is None else (scene.stage, rival.adapter)
    with open_writer(workspace, base, adapter) as model:
        texts = answers(model, asked, scene.tools.progress)
    return figures_of(asked, texts, examiner, scene.later)


def of_rules(scene: Scene, examiner: Examiner) -> Figures:
    """The figures of what the rules answer to the same questions."""
    asked = [one for one in scene.held_out() if one.by_rules]
    return figures_of(asked, [one.by_rules[0] for one in asked], examiner, scene.later)


def paired(new: Figures, old: Figures) -> tuple[Figures, Figures]:
    """Both by the users that both were asked about: a choice needs more to choose from than a question does."""
    shared = {name: sorted(new[name].keys() & old[name].keys()) for name in new}
    return _of(new, shared), _of(old, shared)


def _of(figures: Figures, units: Mapping[str, Sequence[str]]) -> Figures:
    return {name: {unit: figures[name][unit] for unit in own} for name, own in units.items()}
