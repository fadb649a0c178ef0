"""The rows of the table: every choice of the paper, one after the other, then ours."""

from dataclasses import dataclass
from typing import Any

from benchmarks.quality.tasks import Task
from intentrec.encoder import EncoderConfig

MAIN = "encoder-matryoshka"
"""The full encoder: what the other tables mean by "encoder"."""
WIDTHS = (1.0, 0.5, 0.25, 0.17)
NARROWED = f"{MAIN}-narrowed"
"""The same training, its vectors narrowed by learned maps."""


@dataclass(frozen=True)
class Budget:
    """How much is learned.

    Attributes:
        pairs: In one epoch.
        epochs: Passes.
        model: As in `EncoderConfig`.
        batch: Pairs in one step.
    """

    pairs: int
    epochs: int
    model: str
    batch: int


def rows_of(task: Task, budget: Budget, *, impressions: bool) -> dict[str, EncoderConfig]:
    """Name -> what is trained, in the order of the paper (arXiv 2510.14223, section 3.4)."""
    base = base_of(task, budget) | {"numbers": "raw", "hard_negatives": 0, "widths": (1.0,)}
    full = base | {"numbers": "percentile", "hard_negatives": 2}
    rows: dict[str, dict[str, Any]] = {
        "encoder-untuned": base | {"epochs": 0},
        "encoder-bce": base | {"loss": "bce"},
        "encoder-infonce": base,
        "encoder-hard-1": base | {"hard_negatives": 1},
        "encoder-hard-2": base | {"hard_negatives": 2},
        "encoder-percentile": full,
        MAIN: full | {"widths": WIDTHS},
        "encoder-last-token": full | {"pooling": "last"},
    }
    if impressions:
        rows["encoder-all-events"] = full | {"history": "all"}
    rows |= {
        "encoder-words": full | {"numbers": "words"},
        "encoder-no-numbers": full | {"numbers": "none"},
        "encoder-logq": full | {"logq": True},
    }
    return {name: EncoderConfig.model_validate(values) for name, values in rows.items()}


def base_of(task: Task, budget: Budget) -> dict[str, Any]:
    """Settings that all rows share: text lengths are short, so that two cores can train all rows in hours."""
    return {
        "model": budget.model, "max_pairs": budget.pairs, "epochs": budget.epochs, "batch": budget.batch,
        "item_tokens": 40, "number_days": 0.0, "narrow_steps": 0, "history_tokens": 10, "user_tokens": 64,
        # Beauty has whole days for times and a known order within them; completejourney has baskets.
        "within_moment": task.name == "beauty", "repeats": task.tuning_view == "all",
        "validation": "last" if task.single else "window", "validation_days": task.days, "validation_users": 0,
    }  # fmt: skip
