"""Tags as cases."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import polars as pl

from intentrec.judge.cases.case import TagCase
from intentrec.judge.cases.frames import Tables, before, by_user, named_events
from intentrec.tags.config import TagsConfig


class _Past(NamedTuple):
    """What a user did: row and text of everything, the latest first, and the phrases of the last days."""

    history: tuple[tuple[int, str], ...] = ()
    recent: tuple[str, ...] = ()

    def seen_from(self, evidence: Iterable[int]) -> tuple[str, ...]:
        """Each text once; what the interest rests on comes first."""
        rows = set(evidence)
        first = [text for row, text in self.history if row in rows]
        return tuple(dict.fromkeys([*first, *(text for _, text in self.history)]))


def tag_cases(chosen: pl.DataFrame, tables: Tables, config: TagsConfig) -> list[TagCase]:
    """One case for each chosen row of `TAGS`, in their order; `config` says what counts as recent."""
    users = chosen["user_id"].unique().to_list()
    earlier = tables.events.filter(
        pl.col("timestamp") < tables.as_of, ~pl.col("event").is_in(list(config.ignored_events))
    )
    events = by_user(named_events(earlier, tables.catalogue, users))
    past = {user: _past(rows, config) for user, rows in events.items()}
    others = before(tables.tags.filter(pl.col("user_id").is_in(users)), ["rank"], "tag")
    named = tables.interests.select("user_id", "interest_id", "interest", "evidence", interest_reason="reason")
    rows = chosen.join(named, on=["user_id", "interest_id"], how="left", maintain_order="left")
    return [_case(row, past, others, tables) for row in rows.iter_rows(named=True)]


def _past(rows: pl.DataFrame, config: TagsConfig) -> _Past:
    since = rows.select(pl.col("timestamp").max()).item() - timedelta(days=config.recent_days)
    recent = rows.filter(pl.col("timestamp") >= since)["phrase"].drop_nulls().unique(maintain_order=True)
    return _Past(tuple(rows.select("row", "text").reverse().iter_rows()), tuple(recent))


def _case(
    row: dict[str, Any],
    past: Mapping[str, _Past],
    others: Mapping[tuple[str, str], tuple[str, ...]],
    tables: Tables,
) -> TagCase:
    user, tag = str(row["user_id"]), str(row["tag"])
    mine = past.get(user, _Past())
    return TagCase(
        user_id=user,
        item_id=None,
        interest=str(row["interest"] or ""),
        text=tag,
        reason=str(row["reason"] or ""),
        writer=str(row["model"]),
        prompt_version=str(row["prompt_version"]),
        as_of=tables.as_of,
        known=row["interest"] is not None,
        interest_reason=str(row["interest_reason"] or ""),
        history=mine.seen_from(row["evidence"] or ()),
        recent=mine.recent,
        others=others.get((user, tag), ()),
    )
