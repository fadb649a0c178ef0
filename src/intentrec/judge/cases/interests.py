"""Interests as cases."""

from typing import Any

import polars as pl

from intentrec.judge.cases.case import InterestCase
from intentrec.judge.cases.frames import Tables, before, by_user, named_events, touches_of


def interest_cases(chosen: pl.DataFrame, tables: Tables) -> list[InterestCase]:
    """One case for each chosen row of `INTERESTS`, in their order."""
    users = chosen["user_id"].unique().to_list()
    events = by_user(named_events(tables.events, tables.catalogue, users))
    mine = tables.interests.filter(pl.col("user_id").is_in(users))
    others = before(mine, ["-weight", "interest_id"], "interest")
    return [_case(row, events.get(row["user_id"]), others, tables) for row in chosen.iter_rows(named=True)]


def _case(
    row: dict[str, Any],
    events: pl.DataFrame | None,
    others: dict[tuple[str, str], tuple[str, ...]],
    tables: Tables,
) -> InterestCase:
    user, interest = str(row["user_id"]), str(row["interest"])
    named = set(row["evidence"] or ())
    found = events.filter(pl.col("row").is_in(sorted(named))) if events is not None else None
    return InterestCase(
        user_id=user,
        item_id=None,
        interest=interest,
        text=interest,
        reason=str(row["reason"] or ""),
        writer=str(row["model"]),
        prompt_version=str(row["prompt_version"]),
        as_of=tables.as_of,
        listed=bool(row["listed"]),
        evidence=touches_of(found) if found is not None else (),
        n_missing=len(named) - (found.height if found is not None else 0),
        others=others.get((user, interest), ()),
    )
