"""Which words are out of season, read off the log before a time."""

from datetime import datetime

import polars as pl

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.text.wording import stems

_MONTHS = 12


def words_out_of_season(touched: pl.DataFrame, start: datetime, config: AlignmentDataConfig) -> frozenset[str]:
    """Stems that are rarely touched in the month of `start` and the next one.

    A word is held against the whole shop, so that a busy season is not taken for that of every word. The months count
    in whatever year they come; where the log before `start` has none of them, nothing is known to be out of season.

    Args:
        touched: timestamp and phrase (text) of events before `start`.
    """
    coming = [start.month, start.month % _MONTHS + 1]
    dated = touched.select("phrase", coming=pl.col("timestamp").dt.month().is_in(coming))
    whole = dated["coming"].mean()
    if not isinstance(whole, float) or not whole:
        return frozenset()
    shares = (
        _stemmed(dated["phrase"]).join(dated, on="phrase").group_by("stem").agg(n=pl.len(), share=pl.mean("coming"))
    )
    rare = (pl.col("n") >= config.season_events) & (pl.col("share") < config.season_floor * whole)
    return frozenset(shares.filter(rare)["stem"].to_list())


def in_season(phrase: str, words: frozenset[str]) -> bool:
    """Whether no word of the phrase is out of season."""
    return not stems(phrase) & words


def _stemmed(phrases: pl.Series) -> pl.DataFrame:
    rows = [(phrase, stem) for phrase in phrases.unique() for stem in sorted(stems(phrase))]
    return pl.DataFrame(rows, {"phrase": pl.String, "stem": pl.String}, orient="row")
