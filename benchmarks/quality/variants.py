"""The towers' variants by name: the one place where rows are added to the tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.quality.tasks import Task
from intentrec.towers import TowersConfig

Part = Literal["pooled", "sequence", "memory", "fresh"]

MAIN = "towers"
"""The row that all others are compared with."""


TUNED: dict[str, dict[str, Any]] = {
    "beauty": {"target": "session"},
    "completejourney": {"epochs": 4, "dropout": 0.35, "history_dropout": 0.2},
}
"""Settings chosen on the validation window of a log, out of fewer than the baselines' trials; elsewhere defaults."""


@dataclass(frozen=True)
class Variant:
    """One row.

    Attributes:
        config: What is trained; None for a row made from another's training.
        of: Whose training is used, where there is no config.
        parts: Which of that training's parts count; their weights are fitted anew on the same validation.
    """

    config: TowersConfig | None = None
    of: str = ""
    parts: tuple[Part, ...] = ()


def base(task: Task, *parts: Part) -> dict[str, Any]:
    """Settings of the full towers on a task."""
    if task.single:
        common: dict[str, Any] = {"validation": "last", "blend_at": 10, "repeats": False, "blend_users": 5000}
        return common | {"parts": parts or ("sequence", "memory"), "sequence": {"clock": "last"}}
    common = {"validation_days": task.days, "repeats": task.views[0] == "all"} | TUNED.get(task.name, {})
    return common | {"parts": parts or ("pooled", "sequence", "memory", "fresh"), "sequence": {}}


def changed(settings: Mapping[str, Any], sequence: Mapping[str, Any] | None = None, **towers: Any) -> Variant:
    """Settings with some replaced, those of the sequence part apart."""
    own = {**settings["sequence"], **(sequence or {})}
    return Variant(TowersConfig.model_validate({**settings, **towers, "sequence": own}))


def variants_of(task: Task) -> dict[str, Variant]:
    """All rows of a task by name."""
    full = base(task)
    found = {MAIN: changed(full)} | _subsets(full["parts"]) | _sequences(task)
    return found if task.single else found | _pooled(task)


def ablations_of(task: Task) -> list[str]:
    """Names of the rows of the ablation table, the full towers first."""
    return list(variants_of(task))


def _subsets(parts: tuple[Part, ...]) -> dict[str, Variant]:
    """Each part alone, and each left out: no training of their own."""
    rows = {f"towers-{part}": Variant(of=MAIN, parts=(part,)) for part in parts if part != "fresh"}
    if len(parts) > 2:
        for part in parts:
            rest = tuple(other for other in parts if other != part)
            rows[f"towers-without-{part}"] = Variant(of=MAIN, parts=rest)
    return rows


def _sequences(task: Task) -> dict[str, Variant]:
    """The sequence part with one thing changed, beside what is remembered; the pooled part does not take part."""
    own = base(task, *(("sequence", "memory") if task.single else ("sequence", "memory", "fresh")))
    rows: dict[str, dict[str, Any]] = {
        "sequence-mean": {"user": "mean"},
        "sequence-no-gaps": {"gaps": False},
        "sequence-no-kinds": {"kinds": False},
        "sequence-no-context": {"context_width": 0},
        "sequence-no-text": {"item_text": False},
        "sequence-no-features": {"item_features": False},
        "sequence-no-id-dropout": {"id_dropout": 0.0},
        "sequence-no-logq": {"logq": False},
        "sequence-in-batch": {"in_batch": 512},
        "sequence-hard": {"hard": 32},
    }
    found = {name: changed(own, change) for name, change in rows.items()}
    v1 = {"user": "mean", "gaps": False, "kinds": False, "context_width": 0, "item_text": False, "item_features": False}
    found["v1-sequence"] = changed(base(task, "sequence"), v1)
    found["codes-4"] = changed(base(task, "sequence"), {"codes": 4})
    if not task.single:  # there, they are compared with the full towers and their parts
        found = {"sequence": changed(own), "sequence-alone": Variant(of="sequence", parts=("sequence",))} | found
    return found


def _pooled(task: Task) -> dict[str, Variant]:
    """The pooled part with one thing changed, alone."""
    own = base(task, "pooled")
    v1 = {"spectral": False, "context_width": 0, "half_life_days": (), "item_text": False, "fading_days": 36_500.0}
    rows: dict[str, dict[str, Any]] = {
        "v1": v1,
        "v1-spectral": v1 | {"spectral": True},
        "v1-text": v1 | {"item_text": True},
        "pooled-no-spectral": {"spectral": False},
        "pooled-no-context": {"context_width": 0},
        "pooled-no-text": {"item_text": False},
        "pooled-no-fading": {"fading_days": 36_500.0},
    }
    return {name: changed(own, **change) for name, change in rows.items()}
