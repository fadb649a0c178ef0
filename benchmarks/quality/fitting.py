"""The towers' rows: trained or taken from another row's training, weighed, served with and without variety."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from benchmarks.quality.codes import run_codes
from benchmarks.quality.store import PLAIN, VARIED, Run
from benchmarks.quality.tasks import KINDS, Task
from benchmarks.quality.tuned import Bench
from benchmarks.quality.variants import Variant, variants_of
from intentrec.errors import ConfigError, DataError
from intentrec.evaluation import Recommends
from intentrec.retrieval import ItemIndex, RetrievalConfig, recommend
from intentrec.retrieval.blend import Blend
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA
from intentrec.towers import Towers, TowersConfig, fit
from intentrec.towers.weighing import weigh

_USERS_AT_ONCE = 2048
_FIT, _HELD_OUT, _TRAINED = "fit", "held-out", "trained.json"


@dataclass(frozen=True)
class Served:
    """Towers as they answer: vectors, what is remembered, and the filter of what was seen.

    Attributes:
        towers: Trained.
        events: What users did before the cut.
        index: Every item of the catalogue, those without an event before the cut, too.
        config: With or without variety.
        categories: What lists vary by; None where items have none.
    """

    towers: Towers
    events: pl.DataFrame
    index: ItemIndex
    config: RetrievalConfig
    categories: NDArray[np.int64] | None

    @classmethod
    def of(cls, towers: Towers, task: Task, *, varied: bool) -> "Served":
        """Ready to answer for a task."""
        index = ItemIndex.build(*towers.item_vectors())
        config = RetrievalConfig() if varied else RetrievalConfig(diversity=0.0)
        categories = index.categories(task.items) if task.has_categories else None
        return cls(towers, task.split.train, index, config, categories)

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """Lists of the users with history; no rows for the others."""
        known = set(self.events["user_id"])
        asked = [user for user in users if user in known]
        parts = [pl.DataFrame(schema=RECOMMENDED_SCHEMA)]
        for start in range(0, len(asked), _USERS_AT_ONCE):
            parts.append(self._block(asked[start : start + _USERS_AT_ONCE], k, filter_viewed))
        return pl.concat(parts)

    def user_vectors(self, own: pl.DataFrame, users: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of users from their own events, (U, D)."""
        return self.towers.user_vectors(own, users)

    def _block(self, users: list[str], k: int, filter_viewed: bool) -> pl.DataFrame:
        own = self.events.filter(pl.col("user_id").is_in(users))
        remembered = self.towers.remembered
        rows = recommend(
            self.index, users, self.user_vectors(own, users), k, beta=1.0, config=self.config,
            excluded=self.index.pairs(users, own) if filter_viewed else None, categories=self.categories,
            added=None if remembered is None else remembered.scores(own, users, self.towers.as_of),
        )  # fmt: skip
        return rows.select(*RECOMMENDED_SCHEMA)


def run_variant(bench: Bench, name: str, seed: int) -> None:
    """Fit and store one row of the towers; the row whose training it uses comes first."""
    run = bench.store.run(name, seed)
    if run.done:
        return
    variants = variants_of(bench.task)
    variant = variants[name]
    run.folder.mkdir(parents=True, exist_ok=True)
    if variant.config is not None and variant.config.sequence.codes > 1:
        run_codes(bench, run, name, variant.config, seed)
        return
    first = bench.store.run(name, 0).facts() if seed and bench.task.single else None
    if variant.config is None:
        run_variant(bench, variant.of, seed)
        config = variants[variant.of].config
        assert config is not None
        towers, facts = _part_of(bench, bench.store.run(variant.of, seed), config, variant, seed, first)
    else:
        config = variant.config
        towers, facts = _trained(bench, run, config, seed, first)
    served = {kind: _ms(bench, run, towers, kind) for kind in _kinds(bench.task)}
    run.finish(
        {
            "system": name, "seed": seed, "kind": "towers", **facts, "ms_per_user": served,
            "epochs": _epochs(towers), "history": _history(towers), "blend": asdict(towers.blend),
            "config": config.model_dump(mode="json"), "validation_in_training": True,
        }
    )  # fmt: skip
    run.checkpoint.unlink(missing_ok=True)


def needs_first(bench: Bench, name: str, seed: int) -> bool:
    """Whether a seed waits for seed 0, whose epochs and weights it takes over."""
    return bool(seed) and bench.task.single and not bench.store.run(name, 0).done


def _kinds(task: Task) -> tuple[str, ...]:
    return (PLAIN, VARIED) if task.has_categories else (PLAIN,)


def _ms(bench: Bench, run: Run, towers: Towers, kind: str) -> float:
    system: Recommends = Served.of(towers, bench.task, varied=kind == VARIED)
    return bench.keep(run, bench.with_popularity(system), kind)


def _trained(
    bench: Bench, run: Run, config: TowersConfig, seed: int, first: dict[str, Any] | None
) -> tuple[Towers, dict[str, Any]]:
    """Towers, and what is said of their training.

    In leave-one-out, later seeds take epochs and weights from seed 0 and train once, on everything.
    """
    said = run.folder / _TRAINED
    if said.exists():  # interrupted after training
        return Towers.load(run.folder / _FIT), json.loads(said.read_text())
    start = perf_counter()
    towers = fit(
        bench.task.split.train, bench.task.items, as_of=bench.task.as_of, kinds=KINDS,
        config=config if first is None else _without_validation(config, first["epochs"]), item_text=bench.vectors,
        seed=seed, progress=bench.progress, checkpoint=run.checkpoint,
    )  # fmt: skip
    how = "validated, then trained again on everything"
    if first is not None:
        towers = replace(towers, config=config, blend=Blend.of_json(first["blend"]))
        how = "epochs and weights of seed 0; trained once on everything, the learning rate falling over these epochs"
    seconds = perf_counter() - start
    towers.save(run.folder / _FIT)
    if towers.held_out is not None:
        towers.held_out.save(run.folder / _HELD_OUT)
    facts = {"train_s": seconds, "mb": _megabytes(run.folder / _FIT), "training": how}
    said.write_text(json.dumps(facts))
    return towers, facts


def _part_of(
    bench: Bench, base: Run, config: TowersConfig, variant: Variant, seed: int, first: dict[str, Any] | None
) -> tuple[Towers, dict[str, Any]]:
    """Some parts of trained towers, with weights of their own."""
    start = perf_counter()
    towers = _only(Towers.load(base.folder / _FIT), variant)
    if first is not None:
        blend, how = Blend.of_json(first["blend"]), "weights of seed 0"
    elif not (base.folder / _HELD_OUT).exists():
        raise DataError(f"{base.folder} has no towers of before the validation window to weigh its parts by.")
    else:
        past, later = validation_events(bench.task, config)
        held_out = _only(Towers.load(base.folder / _HELD_OUT), variant)
        blend, how = weigh(held_out, past, later, bench.task.items, config, seed), "weights fitted anew"
    facts = {
        "train_s": base.facts()["train_s"] + perf_counter() - start, "mb": None,
        "training": f"parts {', '.join(variant.parts)} of {variant.of}; {how}",
    }  # fmt: skip
    return replace(towers, blend=blend), facts


def _only(towers: Towers, variant: Variant) -> Towers:
    missing = [name for name in variant.parts if getattr(towers, name) is None]
    if missing:
        raise ConfigError(f"The training of {variant.of!r} has no part {missing[0]!r}.")
    return replace(
        towers,
        pooled=towers.pooled if "pooled" in variant.parts else None,
        sequence=towers.sequence if "sequence" in variant.parts else None,
        memory=towers.memory if "memory" in variant.parts else None,
        fresh=towers.fresh if "fresh" in variant.parts else None,
        blend=Blend.equal([name for name in variant.parts if name != "memory"]),
    )


def validation_events(task: Task, config: TowersConfig) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The events that validation knew, and those that it had to foresee, as `intentrec.towers.fit` parts them."""
    events = task.split.train
    if config.validation == "last":
        ordered = events.sort("user_id", "timestamp", "row").filter(pl.len().over("user_id") > 1)
        last = ordered.group_by("user_id").agg(pl.col("row").last())
        return events.join(last, on=["user_id", "row"], how="anti"), events.join(last, on="row", how="semi")
    since = task.as_of - timedelta(days=config.validation_days)
    return events.filter(pl.col("timestamp") < since), events.filter(pl.col("timestamp") >= since)


def _without_validation(config: TowersConfig, epochs: dict[str, int]) -> TowersConfig:
    sequence = config.sequence.model_copy(update={"epochs": epochs.get("sequence", config.sequence.epochs)})
    fixed = {"validation": "window", "validation_days": 0.0, "epochs": epochs.get("pooled", config.epochs)}
    return config.model_copy(update={**fixed, "sequence": sequence})


def _epochs(towers: Towers) -> dict[str, int]:
    """Passes over everything that each trained part made."""
    parts = {"pooled": towers.pooled, "sequence": towers.sequence}
    return {
        name: sum(epoch.part == "final" for epoch in part.history) for name, part in parts.items() if part is not None
    }


def _history(towers: Towers) -> list[dict[str, Any]]:
    return [asdict(epoch) for epoch in towers.history]


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def use_threads(n: int) -> None:
    """How many threads torch and linear algebra take."""
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(n)
    threadpool_limits(n)
