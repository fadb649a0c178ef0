"""Which adapter each stage writes with: the one that the settings name, else the published, else the shipped one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from intentrec.config import Config
from intentrec.llm import Adapter
from intentrec.llm.config import Stage
from intentrec.pipeline.align_shelf import FOLDER, Shelf
from intentrec.pipeline.shipped import DISTRIBUTION, DO_WITHOUT, shipped_adapters
from intentrec.workspace import Workspace

Source = Literal["settings", "published", "shipped"]


@dataclass(frozen=True)
class Chosen:
    """A stage's adapter.

    Attributes:
        source: Who chose it.
    """

    adapter: Adapter
    source: Source

    def __str__(self) -> str:
        """Its name, and where it comes from."""
        if self.source == "shipped":
            return f"{self.adapter.path}, which {DISTRIBUTION} brings; to do without it, set {DO_WITHOUT}"
        if self.source == "published":
            return f"{Path(self.adapter.path).name}, published by `intentrec align`"
        return f"{self.adapter.path or self.adapter.model}, named in [llm.adapters]"


def adapters_by_stage(workspace: Workspace, config: Config) -> dict[Stage, Chosen]:
    """The adapter of each stage that has one, whether or not `llm.backend` can use it.

    Raises:
        ConfigError: The card of a shipped adapter cannot be read.
        WorkspaceError: The pointer to what was published is damaged.
    """
    published = {task: Adapter(path=f"{FOLDER}/{task}/{name}") for task, name in Shelf(workspace).current().items()}
    # The later source wins.
    found: dict[Source, dict[Stage, Adapter]] = {
        "shipped": shipped_adapters(config),
        "published": published,
        "settings": config.llm.adapters,
    }
    return {stage: Chosen(adapter, source) for source, own in found.items() for stage, adapter in own.items()}


def with_adapters(workspace: Workspace, config: Config) -> Config:
    """The settings with the adapters in them that a run uses.

    With `llm.backend` "none" and "openai" nothing is added: the first asks no model, and a server must be told
    under which name it offers an adapter.
    """
    if config.llm.backend in ("none", "openai"):
        return config
    adapters = {stage: chosen.adapter for stage, chosen in adapters_by_stage(workspace, config).items()}
    return config.model_copy(update={"llm": config.llm.model_copy(update={"adapters": adapters})})
