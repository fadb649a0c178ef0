"""The profiles stage: events and attributes in, one compact text per user out."""

from collections import Counter
from datetime import datetime

import polars as pl

from intentrec.data.config import EventsConfig
from intentrec.profiles.attributes import attribute_lines
from intentrec.profiles.behaviour import reliable_events
from intentrec.profiles.budget import fitting_lines, profile_texts
from intentrec.profiles.config import ProfilesConfig
from intentrec.stages import StageResult
from intentrec.tables import LINES, PROFILES
from intentrec.text.tokens import TokenCounter

_USERS_AT_ONCE = 20_000  # bounds the memory; a profile depends on its own user alone


def build_profiles(
    events: pl.DataFrame,
    users: pl.DataFrame,
    catalogue: pl.DataFrame,
    roles: EventsConfig,
    config: ProfilesConfig,
    count_tokens: TokenCounter,
    as_of: datetime,
) -> StageResult:
    """A profile for every user with a reliable event before the user's own as-of time.

    Each reliable event stands behind exactly one line or is counted in `n_events_trimmed`.

    Args:
        events: Rows of `EVENTS`.
        users: Rows of `USERS`; users without a row have no attributes.
        catalogue: Rows of `CATALOGUE` with every item that the events before `as_of` touch.
        count_tokens: Should count at least as much for a text as for its lines one by one plus one for each line break.
    """
    people = events["user_id"].unique().sort()
    blocks = (people[i : i + _USERS_AT_ONCE] for i in range(0, max(len(people), 1), _USERS_AT_ONCE))
    parts = []
    for block in blocks:
        of_block = pl.col("user_id").is_in(block.implode())
        kept = reliable_events(events.filter(of_block), catalogue, roles, config, as_of)
        attributes = attribute_lines(users.filter(of_block), config, count_tokens)
        parts.append(_block(kept, attributes, config, count_tokens))
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.counts)
    return StageResult(pl.concat([part.table for part in parts]), counts=counts)


def _block(
    kept: pl.DataFrame, attributes: pl.DataFrame, config: ProfilesConfig, count_tokens: TokenCounter
) -> StageResult:
    """The profiles of some users, from their reliable events."""
    lines = fitting_lines(kept, attributes, config, count_tokens)
    texts = profile_texts(lines, attributes, kept)
    raw = _raw(kept, lines, count_tokens)
    tokens = pl.Series("n_tokens", count_tokens(texts["text"]), dtype=pl.Int64)
    table = PROFILES.check(
        texts.with_columns(tokens, pl.col("lines").cast(LINES)).join(raw.drop("n_tokens_all"), on="user_id")
    )
    return StageResult(table, counts=_counts(table, raw, config))


def _raw(kept: pl.DataFrame, lines: pl.DataFrame, count_tokens: TokenCounter) -> pl.DataFrame:
    """Per user: as_of, events shown and trimmed, and tokens of the shown and of all events written one a line."""
    shown = pl.col("row").is_in(lines.select(pl.col("rows").explode()).to_series().unique().implode())
    tokens = pl.col("tokens")
    return (
        kept.with_columns(_record_tokens(kept, count_tokens), shown.alias("shown"))
        .group_by("user_id", maintain_order=True)
        .agg(
            pl.col("as_of").first(),
            pl.col("shown").sum().cast(pl.Int64).alias("n_events"),
            (~pl.col("shown")).sum().cast(pl.Int64).alias("n_events_trimmed"),
            tokens.filter("shown").sum().alias("n_tokens_raw"),
            tokens.sum().alias("n_tokens_all"),
        )
    )


def _record_tokens(kept: pl.DataFrame, count_tokens: TokenCounter) -> pl.Series:
    """Tokens of "2011-11-05 14:32 purchase thing" and a line break for each event, counted by its parts."""
    tokens = pl.Series("tokens", [int(count_tokens(["2011-11-05 14:32\n"])[0])], dtype=pl.Int64)
    total = tokens.new_from_index(0, len(kept))
    for column in ("event", "thing"):
        texts = kept[column].unique()
        costs = pl.DataFrame({column: texts, "cost": count_tokens(texts)}, schema_overrides={"cost": pl.Int64})
        total = total + kept.select(column).join(costs, on=column, how="left", maintain_order="left")["cost"]
    return total


def _counts(table: pl.DataFrame, raw: pl.DataFrame, config: ProfilesConfig) -> Counter[str]:
    return Counter(
        {
            "users": len(table),
            "users trimmed to the budget": int((table["n_events_trimmed"] > 0).sum()),
            "users whose raw events exceed the budget": int((raw["n_tokens_all"] > config.max_tokens).sum()),
            "tokens": int(table["n_tokens"].sum()),
            "tokens of the same events one a line": int(table["n_tokens_raw"].sum()),
        }
    )
