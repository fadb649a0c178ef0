"""The stage of an interest from the times of its evidence, by rules alone.

Times are measured from the user's own last event, not from the day of the run: whoever was quiet today keeps
yesterday's stages. With R = `recent_days`, F and L the user's first and last event, f and l those of the interest:

- new: f lies within R of L;
- fading: l lies more than 2 R before L;
- growing: events a day within R of L are `growth` times those between f and L - R, a time that is
  taken as no shorter than R, and there are at least two;
- lasting: everything else.
"""

import polars as pl

from intentrec.interests.config import InterestsConfig

STAGES = ("new", "growing", "lasting", "fading")
_LEAST_RECENT = 2


def stage(config: InterestsConfig) -> pl.Expr:
    """Expression over columns first, last, user_last (timestamps), n_events, n_recent."""
    recent = pl.duration(days=config.recent_days)
    since = pl.col("user_last") - recent
    earlier_days = (since - pl.col("first")).dt.total_seconds() / 86_400
    rate = pl.col("n_recent") / config.recent_days
    rate_before = (pl.col("n_events") - pl.col("n_recent")) / earlier_days.clip(lower_bound=config.recent_days)
    grows = (rate >= config.growth * rate_before) & (pl.col("n_recent") >= _LEAST_RECENT)
    return (
        pl.when(pl.col("first") >= since)
        .then(pl.lit("new"))
        .when(pl.col("last") < since - recent)
        .then(pl.lit("fading"))
        .when(grows)
        .then(pl.lit("growing"))
        .otherwise(pl.lit("lasting"))
    )
