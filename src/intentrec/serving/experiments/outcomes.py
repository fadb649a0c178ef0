"""Each user's behaviour in the days after the first exposure, and in the days before."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from intentrec.serving.experiments.acts import stored, stored_acts
from intentrec.serving.experiments.config import OutcomesConfig
from intentrec.serving.experiments.definition import Experiment
from intentrec.serving.experiments.metrics import BEFORE, MEASURES
from intentrec.tables import EXPOSURES
from intentrec.workspace import Workspace

_DAY_US = 86_400_000_000


def _count(act: str) -> pl.Expr:
    return (pl.col("act") == act).sum().cast(pl.Float64)


def _total(act: str) -> pl.Expr:
    return pl.col("value").filter(pl.col("act") == act, pl.col("value").is_finite()).sum()


def _different(column: str, act: str) -> pl.Expr:
    return pl.col(column).filter(pl.col("act") == act).drop_nulls().n_unique().cast(pl.Float64)


_MEASURED = {
    "clicks": _count("click"),
    "showings": _count("showing"),
    "views": _count("view"),
    "dwell": _total("dwell"),
    "shown_categories": _different("category", "showing"),
    "clicked_categories": _different("category", "click"),
    "click_days": _different("day", "click"),
    "carts": _count("cart"),
    "purchases": _count("purchase"),
    "spent": _total("purchase"),
}


@dataclass(frozen=True)
class Exposed:
    """Who takes part.

    Attributes:
        users: user_id, arm, since (the first exposure), in order of time, then id.
        crossed: Users who saw a second arm later; the first one counts.
        strange: Users whose only exposures are to arms that the definition does not have.
    """

    users: pl.DataFrame
    crossed: int
    strange: int


def exposed(exposures: pl.LazyFrame, name: str, experiment: Experiment) -> Exposed:
    """Users by their first exposure within the experiment's time."""
    mine = exposures.filter(pl.col("experiment") == name)
    if experiment.start is not None:
        mine = mine.filter(pl.col("timestamp") >= experiment.start)
    if experiment.end is not None:
        mine = mine.filter(pl.col("timestamp") < experiment.end)
    known = pl.col("arm").is_in(list(experiment.arms))
    rows = (
        mine.sort("timestamp", "arm")
        .group_by("user_id")
        .agg(
            arm=pl.col("arm").filter(known).first(),
            since=pl.col("timestamp").filter(known).first(),
            arms=pl.col("arm").filter(known).n_unique(),
        )
        .collect()
    )
    users = rows.drop_nulls("arm").sort("since", "user_id")
    crossed = users.filter(pl.col("arms") > 1).height
    return Exposed(users.drop("arms"), crossed, rows.height - users.height)


def measured(acts: pl.LazyFrame, users: pl.DataFrame, begin: timedelta, end: timedelta) -> pl.DataFrame:
    """Sums over each user's own stretch of time; users without any act have none.

    Args:
        acts: As `acts` makes them.
        users: user_id and since.
        begin: Of the stretch, from `since` on; included.
        end: Of the stretch; not included.
    """
    since, at = pl.col("since") + begin, pl.col("timestamp")
    return (
        acts.join(users.lazy().select("user_id", "since"), on="user_id")
        .filter(at >= since, at < pl.col("since") + end)
        .with_columns(day=(at - since).dt.total_microseconds() // _DAY_US)
        .group_by("user_id")
        .agg(**_MEASURED)
        .collect()
    )


def panel(acts: pl.LazyFrame, users: pl.DataFrame, experiment: Experiment, config: OutcomesConfig) -> pl.DataFrame:
    """Users with every measured column, after the first exposure and (`before_`) in front of it; 0 for no act."""
    window, nothing = timedelta(days=experiment.window_days), timedelta()
    after = measured(acts, users, nothing, window)
    found = users.join(after, on="user_id", how="left", maintain_order="left")
    if experiment.pre_days:
        before = measured(acts, users, -timedelta(days=experiment.pre_days), nothing)
        before = before.rename({name: BEFORE + name for name in _MEASURED})
        found = found.join(before, on="user_id", how="left", maintain_order="left")
    return _capped(found.with_columns(pl.selectors.float().fill_null(0.0)), config)


def _capped(found: pl.DataFrame, config: OutcomesConfig) -> pl.DataFrame:
    tops = {MEASURES[metric].top: cap for metric, cap in config.caps.items()}
    limits = tops | {BEFORE + name: cap for name, cap in tops.items()}
    return found.with_columns(pl.col(name).clip(upper_bound=cap) for name, cap in limits.items() if name in found)


def stored_panel(
    workspace: Workspace, name: str, experiment: Experiment, config: OutcomesConfig, now: datetime
) -> tuple[Exposed, pl.DataFrame]:
    """Who was exposed before a time, and the panel of them, from the stored tables."""
    past = stored(workspace, EXPOSURES).filter(pl.col("timestamp") < now)
    who = exposed(past, name, experiment)
    first = who.users["since"].min()
    since = first - timedelta(days=experiment.pre_days) if isinstance(first, datetime) else None
    found = stored_acts(workspace, config, who.users.lazy().select("user_id"), since)
    return who, panel(found, who.users, experiment, config)
