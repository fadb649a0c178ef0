"""The encoder in a workspace: trained or taken over, and read near-line without training again."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from intentrec.config import Config
from intentrec.encoder import EncoderConfig
from intentrec.encoder.config import HOW_HERE
from intentrec.errors import ConfigError, NotFittedError, NotFoundError, WorkspaceError
from intentrec.pipeline.chain import Tools
from intentrec.pipeline.inputs import Inputs, load_inputs
from intentrec.pipeline.steps import StepOutput, fingerprint
from intentrec.progress import SILENT, Progress
from intentrec.tables import CATALOGUE
from intentrec.workspace import Workspace
from intentrec.workspace.artefacts import ArtefactRef
from intentrec.workspace.files import write_atomic
from intentrec.workspace.steps import StepRecord

if TYPE_CHECKING:
    from intentrec.encoder import Encoder
    from intentrec.encoder.retriever import Served


@dataclass(frozen=True)
class NearLine:
    """An encoder that answers, and what it cost to bring it up to date.

    Attributes:
        titles: `item_id`, `title`.
        n_encoded: Texts that had to run through the model; all others were known.
        n_tokens: Their tokens.
    """

    served: "Served"
    titles: pl.DataFrame
    n_encoded: int
    n_tokens: int

    def titled(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """Lists with the titles of the items.

        Raises:
            NotFoundError: A user has no events.
        """
        unknown = [user for user in users if user not in self.served.users]
        if unknown:
            raise NotFoundError(f"There is no user {unknown[0]!r} with events before {self.served.as_of:%Y-%m-%d}.")
        rows = self.served.recommend(users, k, filter_viewed=filter_viewed)
        return rows.join(self.titles, on="item_id", how="left", maintain_order="left")


_NOT_KEPT = set(HOW_HERE - {"narrow_steps"})
"""Settings that the stored encoder does not depend on: how its vectors are narrowed is kept with it."""


def train_encoder(
    tools: Tools, inputs: Inputs, catalogue: pl.DataFrame, impressions: pl.DataFrame, *, earlier: Path | None,
    checkpoint: Path, cache: Path,
) -> StepOutput:  # fmt: skip
    """A trained encoder: the earlier one where it is young enough, else a new one.

    Args:
        tools: Settings and progress.
        inputs: As of the day.
        catalogue: Rows of `CATALOGUE`, for categories that items lack.
        impressions: Rows of `IMPRESSIONS` before the day.
        earlier: Folder of an encoder to take over.
        checkpoint: File from which an interrupted training goes on.
        cache: Folder for vectors.
    """
    from intentrec.encoder import Encoder, fit
    from intentrec.encoder.backbone import device_of

    config = tools.config.encoder
    if earlier is not None:
        trained = Encoder.load(earlier)
        facts = {
            "trained_as_of": trained.as_of.isoformat(),
            "version": trained.version,
            "settings": settings_of(tools.config),
        }
        return StepOutput({}, {"encoder": lambda folder: _copy(earlier, folder)}, {"trained": 0}, facts)
    encoder = fit(
        inputs.events, with_categories(inputs.items, catalogue), as_of=inputs.as_of, kinds=weights_of(tools.config),
        config=config, impressions=impressions, users=inputs.users, device=device_of(config), progress=tools.progress,
        checkpoint=checkpoint, cache=cache,
    )  # fmt: skip
    checkpoint.unlink(missing_ok=True)
    facts = {
        "trained_as_of": inputs.as_of.isoformat(), "version": encoder.version, "settings": settings_of(tools.config),
        "inputs": fingerprint(inputs.identity),
        "history": [vars(epoch) for epoch in encoder.history],
    }  # fmt: skip
    pairs = len(encoder.history) * config.max_pairs
    # Artefacts are named by their content: how fast epochs were belongs to the facts, not into the folder.
    untimed = replace(encoder, history=[])
    return StepOutput({}, {"encoder": untimed.save}, {"trained": 1, "pairs at most": pairs}, facts)


def checkpoint_of(workspace: Workspace, inputs: Inputs, config: Config) -> Path:
    """Where an interrupted training of these inputs goes on; what others left is removed, as they cannot go on."""
    said = {"inputs": inputs.identity, "as_of": inputs.as_of.isoformat(), "settings": settings_of(config)}
    file = workspace.cache / f"{fingerprint(said)}.checkpoint"
    for other in workspace.cache.glob("*.checkpoint"):
        if other != file:
            other.unlink(missing_ok=True)
    return file


def weights_of(config: Config) -> dict[str, float]:
    """Weight of each kind of event with the role "intent"."""
    return {name: config.events.kinds[name].weight for name in config.events.named("intent")}


def with_categories(items: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """Items with the category of the catalogue; one that came after the catalogue keeps its own, where it has one."""
    named = catalogue.select("item_id", pl.col("category").alias("_named"))
    joined = items.join(named, on="item_id", how="left", maintain_order="left")
    own = [pl.col("category").cast(pl.String)] if "category" in items.columns else []
    return joined.with_columns(category=pl.coalesce("_named", *own)).drop("_named")


def check_windows(config: Config) -> None:
    """Towers are judged beside the encoder, or by its texts, on days that it must not have learned from either.

    Raises:
        ConfigError: The encoder would learn from days that the towers hold out.
    """
    held, needed = config.encoder.validation_days, config.towers.validation_days
    learns = config.encoder.use and config.encoder.epochs
    if learns and needed and (config.encoder.validation != "window" or held < needed):
        raise ConfigError(
            f"The towers hold out {needed:g} days, and the encoder beside them must not learn from those: set "
            f'encoder.validation = "window" and encoder.validation_days to at least {needed:g}; they are '
            f'"{config.encoder.validation}" and {held:g}.'
        )


def settings_of(config: Config) -> str:
    """Hash of the settings that decide what is learned."""
    own = config.encoder.model_dump(mode="json", exclude=_NOT_KEPT)
    return fingerprint({"encoder": own, "kinds": weights_of(config)})


def impressions_before(workspace: Workspace, as_of: datetime) -> pl.DataFrame:
    """Stored impressions as they were known at a time."""
    return workspace.read("impressions").filter(pl.col("timestamp") < as_of)


def young_enough(workspace: Workspace, config: Config, inputs: Inputs) -> ArtefactRef | None:
    """The trained encoder that a day may take over; None where one has to be trained, or was from these inputs."""
    known = _pointer(workspace)
    if known is None or known["settings"] != settings_of(config):
        return None
    age = inputs.as_of - datetime.fromisoformat(known["trained_as_of"])
    if not age and known["inputs"] == fingerprint(inputs.identity):
        return None  # this very day again: the step remembers what it made
    if not timedelta(0) <= age < timedelta(days=config.encoder.retrain_days):
        return None
    ref = ArtefactRef(name="encoder", digest=known["digest"])
    return ref if (workspace.artefacts.root / ref.name / ref.digest).is_dir() else None


def remember(workspace: Workspace, record: StepRecord) -> None:
    """Make a trained encoder the one that near-line readers use; it holds no user ids and outlives an erasure."""
    if not record.counts["trained"]:
        return  # readers are pointed at it already
    ref, known = record.artefacts["encoder"], _pointer(workspace)
    trained = datetime.fromisoformat(record.facts["trained_as_of"])
    if known is not None and datetime.fromisoformat(known["trained_as_of"]) > trained:
        return  # a run as of an earlier day does not take readers back
    now = {"digest": ref.digest} | {
        name: record.facts[name] for name in ("trained_as_of", "version", "settings", "inputs")
    }
    write_atomic(_pointer_file(workspace), json.dumps(now, indent=1).encode())


def open_encoder(workspace: Workspace, ref: ArtefactRef, config: EncoderConfig) -> "Encoder":
    """A stored encoder, reading and serving as the settings say now: they may be newer than its training.

    Raises:
        ConfigError: `served_width` was not trained.
    """
    from intentrec.encoder import Encoder
    from intentrec.encoder.backbone import device_of

    stored = Encoder.load(workspace.artefacts.path(ref), device_of(config)).at_width(config.served_width)
    return replace(stored, config=stored.config.model_copy(update={"number_days": config.number_days}))


def near_line(workspace: Workspace, config: Config, users: Sequence[str], progress: Progress = SILENT) -> NearLine:
    """The trained encoder over everything that is stored by now: new events and new items count at once.

    Only texts that are new or changed run through the model; all others come from the workspace's cache.

    Args:
        workspace: With a trained encoder.
        config: Settings; the served width may differ from that of the training.
        users: Who is to be served.
        progress: Told about texts.

    Raises:
        NotFittedError: No encoder was trained.
        ConfigError: `encoder.served_width` was not trained.
    """
    from intentrec.encoder.retriever import Served

    known = _pointer(workspace)
    if known is None:
        raise NotFittedError(f"{workspace.root} has no trained encoder. Run `intentrec encoder train` first.")
    encoder = open_encoder(workspace, ArtefactRef(name="encoder", digest=known["digest"]), config.encoder)
    inputs = load_inputs(workspace, None)
    coder = encoder.coder(workspace.cache, progress)
    catalogue = workspace.read("catalogue") if workspace.tables.exists("catalogue") else CATALOGUE.empty()
    served = Served.of(
        encoder, inputs.events, with_categories(inputs.items, catalogue.unique("item_id", keep="last")), inputs.as_of,
        coder=coder, users=users, impressions=impressions_before(workspace, inputs.as_of), attributes=inputs.users,
        retrieval=config.retrieval,
    )  # fmt: skip
    return NearLine(served, inputs.items.select("item_id", "title"), coder.n_encoded, coder.n_tokens)


def _pointer(workspace: Workspace) -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads(_pointer_file(workspace).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        file = _pointer_file(workspace)
        raise WorkspaceError(
            f"{file} is damaged: {error}. Remove it and train with `intentrec encoder train`."
        ) from error
    return found


def _pointer_file(workspace: Workspace) -> Path:
    return workspace.root / "encoder.json"


def _copy(source: Path, folder: Path) -> None:
    shutil.copytree(source, folder, dirs_exist_ok=True)
