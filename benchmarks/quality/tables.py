"""One comparison as Markdown: values with marks, groups of users and items, differences, how each row was made."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from benchmarks.quality.tasks import Task
from intentrec.evaluation import Evaluation
from intentrec.evaluation.frames import EVERYONE

SIGNIFICANT = 0.05
_READS_ONLY = ("content", "bm25")
_FIRST_USERS, _NEW_ITEMS = "users: 1-5 events", "items: new"


def markdown(found: Evaluation, facts: Mapping[str, Sequence[Mapping[str, Any]]], task: Task) -> str:
    """All tables of a task."""
    k = 10 if task.single else 100
    parts = [f"# {task.name}, {task.protocol}\n", _about(found)]
    for view in task.views:
        if view in found.views:
            parts += [f"## View: {view}\n", main_table(found, view, task), strata_table(found, view, k)]
            parts += [new_items(found, view), differences(found, view, k)]
    parts += ["## How the rows were made\n", runs_table(found, facts), "\n".join(f"- {note}" for note in found.notes)]
    return "\n\n".join(part for part in parts if part) + "\n"


def metrics_of(found: Evaluation, task: Task) -> list[str]:
    """Columns of the main table."""
    lengths = (5, 10, 100) if task.single else (10, 100, 500)
    names = [f"{metric}@{k}" for k in lengths for metric in ("recall", "ndcg")]
    names += ["coverage@10", "novelty@10", "category_diversity@10", "diversity@10"]
    measured = set(found.summary["metric"])
    return [name for name in names if name in measured]


def main_table(found: Evaluation, view: str, task: Task) -> str:
    """Means of everyone; the marks say how a row stands to the first one."""
    names = metrics_of(found, task)
    rows = [[system, *(_cell(found, system, name, view) for name in names)] for system in found.systems]
    return _table(["system", *names], rows)


def strata_table(found: Evaluation, view: str, k: int) -> str:
    """Recall of each group."""
    here = found.summary.filter(pl.col("view") == view, pl.col("metric") == f"recall@{k}")
    groups = [(s, n) for s, n in here.select("stratum", "users").unique(maintain_order=True).rows() if s != EVERYONE]
    head = [f"recall@{k}", *(f"{stratum} ({users})" for stratum, users in groups)]
    rows = [
        [system, *(_cell(found, system, f"recall@{k}", view, stratum) for stratum, _ in groups)]
        for system in found.systems
    ]
    return _table(head, rows)


def new_items(found: Evaluation, view: str) -> str:
    """How often the first row finds what nobody had before the cut, against the best that reads."""
    readers = [system for system in found.systems if system in _READS_ONLY]
    here = found.summary.filter(
        pl.col("view") == view, pl.col("stratum") == _NEW_ITEMS, pl.col("metric") == "recall@100"
    )
    values = dict(here.select("system", "value").rows())
    if not (readers and values):
        return ""
    best = max(readers, key=lambda system: values[system])
    first = found.systems[0]
    ratio = f"{values[first] / values[best]:.2f} times" if values[best] else "against none of"
    return (
        f"New items, recall@100: {first} {values[first]:.4f}, {ratio} {best} ({values[best]:.4f}), the best that reads "
        f"only texts; {here['users'][0]} users."
    )


def differences(found: Evaluation, view: str, k: int) -> str:
    """The first row less each other one, with both tests."""
    metrics = list(dict.fromkeys([f"recall@{k}", f"ndcg@{k}", "recall@10", "ndcg@10", "category_diversity@10"]))
    places = [(EVERYONE, metric) for metric in metrics]
    places += [(stratum, f"recall@{k}") for stratum in (_FIRST_USERS, _NEW_ITEMS)]
    rows = []
    for stratum, metric in places:
        here = found.comparisons.filter(
            pl.col("view") == view, pl.col("stratum") == stratum, pl.col("metric") == metric
        )
        for row in here.to_dicts():
            value = found.value(row["against"], metric, view, stratum)
            ends = f"[{row['low']:+.4f}, {row['high']:+.4f}]"
            relative = f"{row['difference'] / value:+.1%}" if value else ""
            rows.append(
                [
                    stratum, metric, row["against"], f"{row['difference']:+.4f} {ends}",
                    relative, f"{row['p_holm']:.4f}", f"{row['p_wilcoxon_holm']:.2g}",
                ]
            )  # fmt: skip
    head = ["group", "metric", f"{found.systems[0]} less", "difference", "relative", "p (Holm)", "Wilcoxon p (Holm)"]
    return _table(head, rows) if rows else ""


def runs_table(found: Evaluation, facts: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """What each row learned from, and at what cost."""
    spent = {row["system"]: row for row in found.costs.to_dicts()}
    rows = []
    for system, runs in facts.items():
        cost = spent[system]
        learned = "yes" if all(run["validation_in_training"] for run in runs) else "no"
        numbers = [_short(cost[name]) for name in ("train_s", "ms_per_user", "mb")]
        seeds = ", ".join(str(run["seed"]) for run in runs)
        rows.append([system, seeds, learned, *numbers, "; ".join(dict.fromkeys(_made(run) for run in runs))])
    head = ["system", "seeds", "validation events learned", "train s", "ms a list", "MB", "how"]
    return _table(head, rows)


def _made(run: Mapping[str, Any]) -> str:
    if run["kind"] == "towers":
        epochs = " ".join(f"{part} {n} epochs" for part, n in run["epochs"].items())
        return f"{run['training']} {epochs}".strip()
    if run["kind"] == "rectools":
        chosen = {name: run["setting"][name] for name in ("n_factors", "n_blocks", "dropout", "lr")}
        return f"{_setting(chosen)}, {run['epochs']} epochs, best of {run['trials']} settings"
    return f"{_setting(run['setting'])}, best of {run['trials']} settings"


def _setting(values: Mapping[str, Any]) -> str:
    pairs = values.items()
    return " ".join(f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in pairs)


def _about(found: Evaluation) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in found.about.items())


def _cell(found: Evaluation, system: str, metric: str, view: str, stratum: str = EVERYONE) -> str:
    try:
        value = found.value(system, metric, view, stratum)
    except KeyError:
        return ""
    place = (pl.col("view") == view) & (pl.col("stratum") == stratum) & (pl.col("metric") == metric)
    tested = found.comparisons.filter(place, pl.col("against") == system).to_dicts()
    mark = ""
    if tested and tested[0]["p_holm"] < SIGNIFICANT:
        mark = "*" if tested[0]["difference"] > 0 else "+"
    return f"{value:.4f}{mark}"


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
