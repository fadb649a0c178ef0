"""Which settings are tried: all of a small grid, or what a Parzen estimator proposes (Bergstra et al., NIPS 2011)."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

from intentrec.evaluation.spaces import Dimension, FloatRange, IntRange, Setting, Value
from intentrec.extras import require

Measured = list[tuple[Setting, float | None]]
_ASKED_FOR_EACH = 5  # proposals for one trial before a search counts as exhausted


def grid_of(space: Mapping[str, Dimension], most: int) -> list[Setting] | None:
    """All settings of a space in its order; None where it has a range, or more of them than `most`."""
    lists = [values for values in space.values() if isinstance(values, tuple)]
    if len(lists) < len(space) or math.prod(len(values) for values in lists) > most:
        return None
    return [dict(zip(space, values, strict=True)) for values in product(*lists)]


def inside(setting: Setting, space: Mapping[str, Dimension]) -> bool:
    """Whether a setting has exactly the options of a space, each with a value that may be tried."""
    return setting.keys() == space.keys() and all(_holds(space[name], value) for name, value in setting.items())


def first_of(space: Mapping[str, Dimension], starts: Sequence[Setting]) -> Setting:
    """The setting to take where nothing can be measured: the first start, or first values and middles of ranges."""
    fitting = [start for start in starts if inside(start, space)]
    return dict(fitting[0]) if fitting else {name: _middle(tried) for name, tried in space.items()}


def searched(
    space: Mapping[str, Dimension],
    trials: int,
    seed: int,
    starts: Sequence[Setting],
    measure: Callable[[Setting], float | None],
) -> Measured:
    """Settings with what `measure` said of them, in the order in which they were tried, no setting twice.

    Args:
        space: Option -> a range, or the values to try.
        trials: Most settings measured; fewer where nothing new is proposed.
        seed: The same seed and the same measurements propose the same settings.
        starts: Tried first, as far as they lie in the space.
        measure: Greater is better; None for a setting that cannot be measured.
    """
    optuna = require("optuna", "the search for settings")
    known: dict[tuple[Value, ...], float | None] = {}
    with _quiet(optuna):
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(1, min(10, trials // 3)))
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for start in starts:
            if inside(start, space):
                study.enqueue_trial(dict(start))
        found: Measured = []
        for _ in range(_ASKED_FOR_EACH * trials):
            if len(found) == trials:
                break
            trial = study.ask()
            setting = {name: _suggested(trial, name, tried) for name, tried in space.items()}
            key = tuple(setting.values())
            if key not in known:
                known[key] = measure(setting)
                found.append((setting, known[key]))
            value = known[key]
            study.tell(trial, 0.0 if value is None else value)
    return found


def _suggested(trial: Any, name: str, tried: Dimension) -> Value:
    if isinstance(tried, tuple):
        value: Value = trial.suggest_categorical(name, tried)
        return value
    suggest = trial.suggest_int if isinstance(tried, IntRange) else trial.suggest_float
    drawn: float = suggest(name, tried.low, tried.high, log=tried.log)
    # Four digits, so that a table of trials names the setting that was measured and not one near it.
    return drawn if isinstance(tried, IntRange) else float(f"{drawn:.4g}")


def _holds(tried: Dimension, value: Value) -> bool:
    if isinstance(tried, tuple):
        return value in tried
    if isinstance(value, str | bool) or (isinstance(tried, IntRange) and not isinstance(value, int)):
        return False
    return tried.low <= value <= tried.high


def _middle(tried: Dimension) -> Value:
    if isinstance(tried, tuple):
        return tried[0]
    middle = math.sqrt(tried.low * tried.high) if tried.log else (tried.low + tried.high) / 2
    return middle if isinstance(tried, FloatRange) else round(middle)


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """No line for each trial, and the caller's own level of optuna's log afterwards."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)
