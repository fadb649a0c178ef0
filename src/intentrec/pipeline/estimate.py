"""What a run would ask of the language model, before anything is spent."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from intentrec.config import Config
from intentrec.llm import Estimate, open_estimator
from intentrec.pipeline.adapters import with_adapters
from intentrec.pipeline.chain import Tools, make_chain
from intentrec.pipeline.daily import RunOptions, sample_users
from intentrec.pipeline.inputs import load_inputs
from intentrec.progress import Progress
from intentrec.text.embeddings import open_embedder
from intentrec.workspace import Workspace


@dataclass(frozen=True)
class RunEstimate:
    """Calls, tokens and money of a run.

    Attributes:
        calls: Calls to pay, by stage.
        total: All of them together.
        notes: What the estimate does not know.
    """

    model: str
    calls: dict[str, int]
    total: Estimate
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The estimate as JSON values."""
        return asdict(self)


def estimate_run(workspace: Workspace, config: Config, options: RunOptions, progress: Progress) -> RunEstimate:
    """Work through stages 1 to 3 with a model that only counts, and store nothing.

    Stage 3 is estimated on interests made by rule where the ledger does not hold the model's own.
    """
    config = with_adapters(workspace, config)
    inputs = load_inputs(workspace, options.as_of)
    model = open_estimator(config.llm, workspace.ledger)
    if model is None:
        nothing = Estimate(calls=0, hits=0, prompt_tokens=0, completion_tokens=0, usd=0.0)
        return RunEstimate("none", {}, nothing, ['llm.backend is "none": a run asks nothing and costs nothing.'])
    users = options.llm_users if options.llm_users is not None else sample_users(inputs, config.run.llm_users)
    embedder = open_embedder(config.text, workspace.cache, progress)
    make_chain(Tools(config, embedder, model, users, progress), inputs)
    n_users = inputs.events["user_id"].n_unique() if users is None else len(users)
    calls = Counter(request.stage for request in model.asked)
    return RunEstimate(model.model_id, dict(calls), model.estimate(), _notes(config, n_users))


def _notes(config: Config, n_users: int) -> list[str]:
    pairs = config.explanations.max_pairs
    return [
        f"The language model writes for {n_users:,} users.",
        "Tags are estimated on interests made by rule where the model has not written any yet; a repair of a wrong "
        f"answer costs up to {config.llm.max_repairs} more call(s).",
        f"Explanations come on top: at most {pairs:,} calls, as the pairs are known only after the towers are trained.",
    ]
