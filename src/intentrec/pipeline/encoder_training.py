"""`intentrec encoder train`: the encoder without the rest of the day."""

from dataclasses import asdict, dataclass
from typing import Any

from intentrec.config import Config
from intentrec.llm.config import LLMConfig
from intentrec.pipeline.daily import open_day
from intentrec.pipeline.encoder import near_line, remember
from intentrec.pipeline.inputs import load_inputs
from intentrec.progress import Progress
from intentrec.workspace import Workspace


@dataclass(frozen=True)
class TrainedEncoder:
    """What a training came to.

    Attributes:
        trained: Whether anything was trained; False where a young encoder was taken over.
        history: One entry an epoch; see `intentrec.encoder.training.EncoderEpoch`.
        n_texts: Items and users whose vectors are ready.
        n_encoded: Of them, how many ran through the model now; what narrowing was learned from was read before.
        n_tokens: Their tokens.
    """

    version: str
    trained_as_of: str
    trained: bool
    history: list[dict[str, Any]]
    n_texts: int
    n_encoded: int
    n_tokens: int

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def train_workspace(workspace: Workspace, config: Config, progress: Progress) -> TrainedEncoder:
    """Train on everything stored, or take a young encoder over; then encode all items and users.

    Raises:
        DataError: There is nothing to learn from.
        ConfigError: The model cannot be had, or a setting does not fit.
        WorkspaceError: Another process is writing.
    """
    config = config.model_copy(update={"llm": LLMConfig(backend="none")})
    with workspace.writing():
        inputs = load_inputs(workspace, None)
        with open_day(workspace, config, inputs, None, progress) as day:
            day.run(["catalogue"])
            record = day.encoder()
            remember(workspace, record)
    users = inputs.events["user_id"].unique().sort().to_list()
    now = near_line(workspace, config, users, progress)
    return TrainedEncoder(
        version=record.facts["version"],
        trained_as_of=record.facts["trained_as_of"],
        trained=bool(record.counts["trained"]) and "encoder" not in day.steps.reused,
        history=record.facts.get("history", []),
        n_texts=len(now.served.index) + len(now.served.users),
        n_encoded=now.n_encoded,
        n_tokens=now.n_tokens,
    )
