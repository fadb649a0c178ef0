"""The one place that hides the future."""

from datetime import datetime

import polars as pl

from intentrec.errors import DataError


def visible(items: pl.DataFrame, events: pl.DataFrame, as_of: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What was known before `as_of` (exclusive), as (items, events) in their given order.

    An item is hidden when it was created at or after `as_of`. Without a `created_at` it counts as created at its first
    event; an item that has neither was always there. Events of hidden items go with them, so that every event that is
    left finds its item.
    """
    _must_be_aware(as_of)
    first = events.group_by("item_id").agg(pl.col("timestamp").min().alias("_first"))
    created = [pl.col("created_at")] if "created_at" in items.columns else []
    known = (
        items.join(first, on="item_id", how="left", maintain_order="left")
        .filter(pl.coalesce(*created, "_first").lt(as_of).fill_null(True))
        .drop("_first")
    )
    seen = events.filter(pl.col("timestamp") < as_of)
    hidden = items.join(known, on="item_id", how="anti").get_column("item_id")
    if len(hidden):
        seen = seen.filter(~pl.col("item_id").is_in(hidden.implode()).fill_null(False))
    return known, seen


def visible_users(users: pl.DataFrame, events: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Users without those whose first event is at or after `as_of`; a user without any event stays.

    Args:
        users: Any frame with `user_id`.
        events: All events, not only the visible ones.
        as_of: Exclusive.
    """
    _must_be_aware(as_of)
    later = events.group_by("user_id").agg(pl.col("timestamp").min()).filter(pl.col("timestamp") >= as_of)
    return users.join(later, on="user_id", how="anti", maintain_order="left")


def existing(items: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The rows of items that existed before a moment; one whose `created_at` is not known is taken to have existed."""
    if "created_at" not in items.columns:
        return items
    return items.filter(pl.col("created_at").lt(as_of).fill_null(True))


def _must_be_aware(as_of: datetime) -> None:
    if as_of.tzinfo is None:
        raise DataError(f"as_of = {as_of.isoformat()} names no time zone; write it as {as_of.isoformat()}+00:00.")
