"""An adapter as one stage uses it: whether it fits there, and whose name its answers bear."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from intentrec.errors import ConfigError
from intentrec.llm.adapters import AdapterFolder, open_adapter
from intentrec.llm.backends import Identity
from intentrec.llm.config import Adapter, LLMConfig, Stage
from intentrec.llm.messages import Request
from intentrec.llm.weights import Weights

_SHOWN = 8  # hex digits of a hash, enough to tell one adapter from the next


@dataclass(frozen=True)
class StageAdapter:
    """What the settings say of one stage's adapter, and its folder where there is one."""

    stage: Stage
    setting: Adapter
    found: AdapterFolder | None

    @property
    def prompt_version(self) -> str:
        """The prompt that it learned; "" where no card says it."""
        return self.found.card.prompt_version if self.found else ""

    def file(self, name: str) -> Path:
        """See `AdapterFolder.file`; only of an adapter that has a folder."""
        assert self.found is not None
        return self.found.file(name)

    def check_base(self, weights: Weights) -> None:
        """Refuse weights that it was not trained on.

        Raises:
            ConfigError: See above.
        """
        assert self.found is not None
        base = self.found.card.base
        if weights.sha256 not in (base.sha256, self.setting.base_sha256):
            raise ConfigError(
                f"The adapter {self.found.folder} learned on {base.model_id} ({base.weights}, sha256 "
                f"{base.sha256[:_SHOWN]}), and the weights in use are {weights.model_id} (sha256 {weights.sha256}). "
                f"Set llm.weights to {base.weights!r}, or run `intentrec align --task {self.stage}`; if they are "
                f"another conversion of the same model, give their hash in llm.adapters.{self.stage}.base_sha256."
            )

    def identity(self, base: Identity, known_as: str = "") -> Identity:
        """Who answers when the adapter is applied: name and key change with its files and its strength.

        Args:
            base: The model beneath.
            known_as: What the server calls it; by default the stage stands in the name.
        """
        digest = self.found.card.digest if self.found else ""
        scale = self.setting.scale
        told = [known_as or self.stage, digest[:_SHOWN]]
        name = "-".join(filter(None, told)) + ("" if scale == 1 else f"*{scale:g}")
        applied = {"name": known_as, "sha256": digest, "scale": scale}
        return Identity(f"{base.model}+{name}", base.decoding | {"adapter": applied})


def find_adapters(config: LLMConfig, root: Path) -> dict[str, StageAdapter]:
    """The adapters that the settings name, by stage.

    Args:
        config: The settings.
        root: The workspace, which paths are relative to.

    Raises:
        ConfigError: One is missing, damaged or for another stage, or the settings lack what the backend needs.
    """
    return {stage: find_adapter(stage, config, root) for stage in config.adapters}


def find_adapter(stage: Stage, config: LLMConfig, root: Path) -> StageAdapter:
    """One of them; raises as `find_adapters` does."""
    setting = config.adapters[stage]
    served = config.backend == "openai"
    needed = "model" if served else "path"
    if not getattr(setting, needed):
        raise ConfigError(f'llm.adapters.{stage}.{needed} is empty, and llm.backend = "{config.backend}" needs it.')
    if not setting.path:
        return StageAdapter(stage, setting, None)
    found = open_adapter(setting.path, root)
    if found.card.task != stage:
        raise ConfigError(
            f"llm.adapters.{stage}: the adapter {found.folder} was aligned for {found.card.task}. "
            f"Name it in [llm.adapters.{found.card.task}]."
        )
    return StageAdapter(stage, setting, found)


def check_prompt(learned: Mapping[str, str], request: Request) -> None:
    """Refuse a question in other words than the stage's adapter has learned.

    Args:
        learned: Prompt versions by stage, as in `Backend.learned`.
        request: What is to be asked.

    Raises:
        ConfigError: See above.
    """
    version = learned.get(request.stage, "")
    if version and version != request.prompt_version:
        raise ConfigError(misunderstanding(request.stage, version, request.prompt_version))


def misunderstanding(stage: str, learned: str, asked: str) -> str:
    """Why an adapter that learned one prompt cannot be asked with another, and what to do."""
    told = f"The adapter of {stage} learned the prompt {learned}, and the question is made with {asked}: "
    (form, language), (other_form, other_language) = _parts(learned), _parts(asked)
    anew = f"Run `intentrec align --task {stage}`, or take [llm.adapters.{stage}] out of the settings."
    if form != other_form:
        return (
            f'{told}that is another form. Set {stage}.mode = "auto", or do without the adapter (take '
            f"[llm.adapters.{stage}] out, or `intentrec align rollback --task {stage}`)."
        )
    if language != other_language:
        return f"{told}it speaks {language!r}, and `language` is {other_language!r}. {anew}"
    return f"{told}its text has changed since. {anew}"


def _parts(version: str) -> tuple[str, str]:
    """The form and the language in "room/form.language@hash"."""
    form, _, language = version.partition("@")[0].rpartition(".")
    return form, language
