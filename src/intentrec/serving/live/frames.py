"""Live rows as frames, as a file of them would read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl

from intentrec.serving.live.encoding import EventRow
from intentrec.serving.live.models import LiveItem
from intentrec.tables import ITEMS, QUARANTINE, TIMESTAMP

SOURCE = "live"
"""What the quarantine calls the place that live rows come from; its `line` is a row's number `n` in the store."""
_EVENT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_id": pl.String, "user_id": pl.String, "timestamp": TIMESTAMP, "event": pl.String, "item_id": pl.String,
    "query": pl.String, "weight": pl.Float64, "value": pl.Float64,
}  # fmt: skip


def events_frame(rows: Sequence[EventRow], id_column: str) -> pl.DataFrame:
    """Columns of `EVENTS` without `row`, and the events' own ids."""
    schema = _EVENT_SCHEMA | {"timestamp": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.from_epoch("timestamp", "us").dt.replace_time_zone("UTC")).rename(
        {"event_id": id_column}
    )


def items_frame(
    items: Sequence[tuple[int, LiveItem, datetime]], stored: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Items with columns for all their attributes, and rows of `QUARANTINE` for those that do not fit the stored table.

    An item that names no `created_at` keeps the one that is stored; one that is new was created when it came in.

    Args:
        items: Number, item and time at which it came in.
        stored: Rows of `ITEMS`.
    """
    types = _types([item.attributes() for _, item, _ in items], stored)
    columns = _by_lower_case([*stored.columns, *types])
    created = dict(stored.select("item_id", "created_at").iter_rows())
    rows, refused = [], []
    for n, item, at in items:
        known = {name: getattr(item, name) for name in ITEMS.schema}
        known["created_at"] = item.created_at or created.get(item.item_id, at)
        try:
            further = {name: _fitted(name, value, types[name]) for name, value in item.attributes().items()}
            _must_be_columns(further, columns)
        except ValueError as misfit:
            refused.append(_refusal(n, item, str(misfit)))
        else:
            rows.append(known | further)
    kept = {name: dtype for name, dtype in types.items() if columns[name.lower()] == name}
    return pl.DataFrame(rows, schema={**ITEMS.schema, **kept}), QUARANTINE.rows(refused)


def _by_lower_case(names: Sequence[str]) -> dict[str, str]:
    """The first of the names that are the same to a stored table, which does not tell cases apart."""
    columns: dict[str, str] = {}
    for name in names:
        columns.setdefault(name.lower(), name)
    return columns


def _must_be_columns(names: Iterable[str], columns: Mapping[str, str]) -> None:
    for name in names:
        if (column := columns[name.lower()]) != name:
            raise ValueError(f"{name} differs in case only from the column {column}")


def _types(attributes: Sequence[dict[str, Any]], stored: pl.DataFrame) -> dict[str, pl.DataType | type[pl.DataType]]:
    """The type of each further attribute: as it is stored, or what all its values are, or text."""
    kinds: dict[str, set[type]] = {}
    for row in attributes:
        for name, value in row.items():
            kinds.setdefault(name, set()).add(type(value))
    return {name: stored.schema.get(name) or _type(seen - {type(None)}) for name, seen in kinds.items()}


def _type(kinds: set[type]) -> type[pl.DataType]:
    if kinds == {bool}:
        return pl.Boolean
    if kinds == {int}:
        return pl.Int64
    return pl.Float64 if kinds and kinds <= {int, float} else pl.String


def _fitted(name: str, value: Any, dtype: pl.DataType | type[pl.DataType]) -> Any:
    """The value in a column's type.

    Raises:
        ValueError: It does not fit without loss.
    """
    if value is None:
        return None
    if dtype == pl.String:
        return value if isinstance(value, str) else orjson.dumps(value).decode()
    misfit = ValueError(f"{name} is not {dtype}, as in the stored items")
    if isinstance(value, bool) != (dtype == pl.Boolean):
        raise misfit
    try:
        fitted = pl.Series([_timed(value, dtype)], strict=True).cast(dtype)[0]
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        raise misfit from None
    if isinstance(value, int | float) and fitted != value:
        raise misfit
    return fitted


def _timed(value: Any, dtype: pl.DataType | type[pl.DataType]) -> Any:
    """JSON has no times: a text where the column has them is one."""
    if not isinstance(value, str) or not dtype.is_temporal():
        return value
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _refusal(n: int, item: LiveItem, reason: str) -> dict[str, Any]:
    record = orjson.dumps(item.model_dump(mode="json", exclude_none=True)).decode()[:2000]
    return {"table": "items", "source": SOURCE, "line": n, "reason": reason, "record": record}
