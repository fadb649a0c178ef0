"""Who writes: the rules, the small model in each form, with and without an adapter, and a teacher."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from intentrec.llm import LLMConfig
from intentrec.llm.config import Stage
from intentrec.pipeline.asking import Form


@dataclass(frozen=True)
class Writer:
    """One way of answering.

    Attributes:
        llm: The model's settings; None for the rules.
        adapters: Folders by stage; a stage without one is not asked of this writer.
    """

    name: str
    form: Form
    llm: LLMConfig | None = None
    adapters: Mapping[Stage, Path] | None = None

    def writes(self, stage: Stage) -> bool:
        """Whether this writer can be asked for a stage."""
        return self.adapters is None or stage in self.adapters


def writers(teacher: Path | None, adapters: Mapping[str, Mapping[Stage, Path]]) -> dict[str, Writer]:
    """All writers by name.

    Args:
        teacher: A GGUF file of a larger model; without it there is none.
        adapters: Folders of adapters by the name of their writer, then by stage.
    """
    small = LLMConfig(backend="embedded", small=True)
    found = [
        Writer("rules", "tuned"),
        Writer("135M choosing, zero-shot", "choosing", small),
        Writer("135M writing, zero-shot", "writing", small),
        Writer("135M, short prompt, zero-shot", "tuned", small),
    ]
    found += [Writer(f"135M {name}", "tuned", small, own) for name, own in adapters.items()]
    if teacher is not None:
        large = LLMConfig(backend="embedded", weights=str(teacher), small=True)
        found += [Writer("1.5B writing, zero-shot", "writing", large)]
    return {writer.name: writer for writer in found}


def adapters_of(given: Sequence[str]) -> dict[str, dict[Stage, Path]]:
    """Folders by the name of their writer, then by stage, from what was typed as NAME:STAGE=FOLDER."""
    found: dict[str, dict[Stage, Path]] = {}
    for one in given:
        name, _, rest = one.partition(":")
        stage, _, folder = rest.partition("=")
        if stage not in get_args(Stage) or not folder:
            raise SystemExit(
                f"--adapter {one!r} is not NAME:STAGE=FOLDER with a stage of {', '.join(get_args(Stage))}."
            )
        found.setdefault(name, {})[stage] = Path(folder).resolve()  # type: ignore[index]
    return found
