"""What turning one knob of a system does to recall and diversity."""

from collections.abc import Callable, Collection, Sequence

import numpy as np
import polars as pl

from intentrec.data.splits import Split
from intentrec.errors import ConfigError, DataError
from intentrec.evaluation.asked import Asked, asked_of
from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.evaluate import Extras
from intentrec.evaluation.frames import SWEEP_SCHEMA
from intentrec.evaluation.items import Items
from intentrec.evaluation.lists import Recommends, lists_of
from intentrec.evaluation.measure import Measured, looks_of, measured
from intentrec.evaluation.truth import Truth
from intentrec.evaluation.views import VIEWS, View, targets_of
from intentrec.progress import SILENT, Progress

_MEASURED = ("recall", "ndcg", "diversity", "category_diversity")


def sweep(
    make: Callable[[float], Recommends],
    knob: str,
    settings: Sequence[float],
    split: Split,
    items: pl.DataFrame,
    config: EvaluationConfig | None = None,
    *,
    name: str = "system",
    view: str = "all",
    k: int = 10,
    kinds: Collection[str] | None = None,
    extras: Extras | None = None,
    progress: Progress = SILENT,
) -> pl.DataFrame:
    """A system at several settings of one knob, a frame of `SWEEP_SCHEMA`. Lists are asked for once a setting.

    Args:
        make: Setting -> the system that is to be asked; called once for each.
        knob: What is turned, as it reads in a legend.
        settings: To be tried; each counts once.
        split: As in `evaluate`.
        items: As in `evaluate`.
        config: Its targets, and `ks`: lists are as long as in a comparison, so that both give the same numbers.
        name: Of the system.
        view: What counts as a target, one of `VIEWS`.
        k: How many first places of the lists are measured.
        kinds: As in `evaluate`.
        extras: Only its vectors are used.
        progress: Told about settings.

    Raises:
        ConfigError: There is no such view.
        DataError: The view has no targets, or the system breaks the protocol.
    """
    config, extras = config or EvaluationConfig(), extras or Extras()
    seen, asked = _view(view), asked_of(split, config, kinds)
    visible = Items.of(items, split.train, extras.vectors)
    truth = _truth(seen, asked, visible, k, config.debias_gamma)
    rows = []
    with progress.track(f"turning {knob}", len(set(settings))) as advance:
        for setting in sorted(set(settings)):
            lists = lists_of(
                f"{name}, {knob} {setting:g}", make(setting), asked.owners["user_id"], visible.ids, max(k, *config.ks),
                filter_viewed=seen.filter_viewed, histories=asked.histories,
            )[:, :k]  # fmt: skip
            found = measured(lists, looks_of(lists, visible, [k]), truth, visible, [k])
            rows.append({"system": name, "view": view, "k": k, "knob": knob, "setting": setting} | _means(found, k))
            advance(1)
    return pl.DataFrame(rows, schema=SWEEP_SCHEMA)


def _view(name: str) -> View:
    for view in VIEWS:
        if view.name == name:
            return view
    raise ConfigError(f"There is no view {name!r}; choose one of {', '.join(each.name for each in VIEWS)}.")


def _truth(view: View, asked: Asked, items: Items, k: int, gamma: float) -> Truth:
    truth = Truth.of(targets_of(view, asked.targets, items.ids), asked.owners, items, [k], gamma)
    if not len(truth.users):
        raise DataError(f"View {view.name!r} has no targets in this split; choose another view.")
    return truth


def _means(found: Measured, k: int) -> dict[str, float | None]:
    values = {metric: found.per_user.get(f"{metric}@{k}") for metric in _MEASURED}
    return {metric: None if each is None else float(each.mean(dtype=np.float64)) for metric, each in values.items()}
