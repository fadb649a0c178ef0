"""The token budget of a profile: what is left out first, and what always fits."""

import polars as pl

from intentrec.profiles.compression import compressed_lines
from intentrec.profiles.config import ProfilesConfig
from intentrec.text.tokens import TokenCounter


def fitting_lines(
    events: pl.DataFrame, attributes: pl.DataFrame, config: ProfilesConfig, count_tokens: TokenCounter
) -> pl.DataFrame:
    """The newest lines of each user that fit beside the attributes: columns of `compressed_lines`.

    Lines are left out from the oldest last event on. Where not even the newest line fits, it is written with one item a
    line, so that it is cut between items.
    """
    lines = _within(compressed_lines(events, config), attributes, config, count_tokens)
    without = events.filter(~pl.col("user_id").is_in(lines["user_id"].unique().implode()))
    if without.is_empty():
        return lines
    single = compressed_lines(without, config.model_copy(update={"max_items_per_line": 1}))
    return pl.concat([lines, _within(single, attributes, config, count_tokens)])


def profile_texts(lines: pl.DataFrame, attributes: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """Columns user_id, text, lines, sorted by user; a user none of whose lines fits has the attributes alone."""
    numbered = pl.format("{}. {}", "n", "text")
    bodies = (
        lines.sort("user_id", "n")
        .group_by("user_id", maintain_order=True)
        .agg(numbered.str.join("\n").alias("body"), pl.struct("text", "rows").alias("lines"))
    )
    text = pl.concat_str("attributes", "body", separator="\n", ignore_nulls=True)
    return (
        users.select("user_id")
        .unique()
        .join(bodies, on="user_id", how="left")
        .join(attributes, on="user_id", how="left")
        .select("user_id", text.alias("text"), pl.col("lines").fill_null([]))
        .sort("user_id")
    )


def _within(
    lines: pl.DataFrame, attributes: pl.DataFrame, config: ProfilesConfig, count_tokens: TokenCounter
) -> pl.DataFrame:
    taken = attributes.select("user_id", pl.Series("taken", count_tokens(attributes["attributes"]), dtype=pl.Int64))
    texts = lines.select(pl.format("{}. {}", "n", "text")).to_series()
    # One more for the line break, which every tokenizer may make a token of its own.
    spent = pl.Series("spent", count_tokens(texts) + 1, dtype=pl.Int64)
    return (
        lines.with_columns(spent)
        .join(taken, on="user_id", how="left", maintain_order="left")
        .filter(pl.col("spent").cum_sum().over("user_id") + pl.col("taken").fill_null(0) <= config.max_tokens)
        .drop("spent", "taken")
    )
