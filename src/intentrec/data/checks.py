"""The door: a file's rows against the contract of their table. Good rows come out typed, bad ones with their reason."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from intentrec.data.casts import Finding, renamed, typed
from intentrec.data.config import DataConfig, EventsConfig, InputTable
from intentrec.data.duplicates import COPY, STORED, SUPERSEDED, already_stored, later_copies, superseded
from intentrec.data.source import Source, quarantined
from intentrec.errors import DataError
from intentrec.tables import QUARANTINE, TABLES

__all__ = ["COPY", "STORED", "UNKNOWN_ITEM", "Checked", "Known", "check", "number_rows"]

_KEYS = {
    "events": ["user_id", "timestamp", "event", "item_id", "query"],
    "impressions": ["user_id", "timestamp", "item_id"],
}
UNKNOWN_ITEM = "item_id is not among the items"
_MAX_KINDS = 20  # more unknown kinds than this are no kinds but a wrong column


@dataclass(frozen=True)
class Checked:
    """What came through the door.

    Attributes:
        frame: Rows in contract order and types, further columns behind; events lack `row` (see `number_rows`).
        quarantine: Rows of `QUARANTINE`.
        counts: Rows by reason; `STORED` rows are only counted, since the table has them already.
    """

    frame: pl.DataFrame
    quarantine: pl.DataFrame
    counts: Counter[str]


@dataclass(frozen=True)
class Known:
    """What the checks compare with.

    Attributes:
        now: The moment of the ingest, timezone-aware.
        item_ids: Every item id that events may name; None skips the check (items and users need none).
        stored: The same table as stored so far; None when there is none.
    """

    now: datetime
    item_ids: pl.Series | None = None
    stored: pl.LazyFrame | None = None


def check(source: Source, table: InputTable, config: DataConfig, roles: EventsConfig, known: Known) -> Checked:
    """The rows of a file that fit the table, and those that do not with the first reason that holds.

    Raises:
        DataError: A required column is missing, a column can never fit, or more than `config.max_bad_share` of the
            rows fail.
    """
    frame, findings = _typed(source, table, config)
    findings += _missing(frame, table)
    if table in ("events", "impressions"):
        findings += _out_of_range(frame, config, known.now) + _unknown_items(frame, known.item_ids)
    if table == "events":
        findings += _aimless(frame) + _unknown_kinds(frame, roles)
    good, positions, bad = _sorted_out(frame, pl.int_range(frame.height, eager=True), findings)
    _must_mostly_fit(source, table, config, bad)
    good, positions, copies = _sorted_out(good, positions, _copies(good, table))
    again = _stored(good, known.stored) if table in _KEYS else pl.Series([], dtype=pl.Boolean)
    counts = Counter({STORED: int(again.sum())}) if again.any() else Counter()
    rows = pl.concat([bad, copies])
    quarantine = pl.concat(
        [
            source.broken.with_columns(table=pl.lit(table)).select(QUARANTINE.schema.names()),
            quarantined(source, table, rows.get_column("position"), rows.get_column("reason")),
        ]
    ).sort("line", maintain_order=True)
    counts.update(quarantine.get_column("reason").to_list())
    return Checked(good.filter(~again) if again.any() else good, quarantine, counts)


def _typed(source: Source, table: InputTable, config: DataConfig) -> tuple[pl.DataFrame, list[Finding]]:
    contract = TABLES[table]
    try:
        frame = renamed(source.frame, contract, config.rename.get(table, {}))
        return typed(frame, contract, config, source.untyped)
    except DataError as error:
        raise DataError(f"{source.path}: {error}") from error


def number_rows(events: pl.DataFrame, first: int) -> pl.DataFrame:
    """Checked events in time order (the file's order among equals), numbered from `first` in a leading column `row`."""
    if not events.get_column("timestamp").is_sorted():
        events = events.sort("timestamp", maintain_order=True)
    return events.select(pl.int_range(first, first + events.height, dtype=pl.Int64).alias("row"), pl.all())


def _sorted_out(
    frame: pl.DataFrame, positions: pl.Series, findings: list[Finding]
) -> tuple[pl.DataFrame, pl.Series, pl.DataFrame]:
    """The rows without a finding, their positions, and the others as (position, reason) with their first reason."""
    found = [finding for finding in findings if finding.mask.any()]
    if not found:
        return frame, positions, pl.DataFrame(schema={"position": pl.Int64, "reason": pl.String})
    any_mask = found[0].mask
    for finding in found[1:]:
        any_mask = any_mask | finding.mask
    masks = pl.DataFrame([finding.mask.alias(str(n)) for n, finding in enumerate(found)]).filter(any_mask)
    reasons = masks.select(
        pl.coalesce(pl.when(pl.col(str(n))).then(pl.lit(finding.reason)) for n, finding in enumerate(found))
    ).to_series()
    bad = pl.DataFrame({"position": positions.filter(any_mask), "reason": reasons})
    return frame.filter(~any_mask), positions.filter(~any_mask), bad


def _missing(frame: pl.DataFrame, table: InputTable) -> list[Finding]:
    required = [column.name for column in TABLES[table].columns if not column.optional and column.name != "row"]
    empty = {name: frame.get_column(name).is_null() for name in required}
    return [Finding(f"{name} is missing or empty", mask) for name, mask in empty.items()]


def _out_of_range(frame: pl.DataFrame, config: DataConfig, now: datetime) -> list[Finding]:
    times = frame.get_column("timestamp")
    latest = config.latest or now
    return [
        Finding("timestamp is before data.earliest in intentrec.toml", (times < config.earliest).fill_null(False)),
        Finding("timestamp is later than the ingest or data.latest", (times > latest).fill_null(False)),
    ]


def _unknown_items(frame: pl.DataFrame, item_ids: pl.Series | None) -> list[Finding]:
    if item_ids is None:
        return []
    unknown = ~frame.get_column("item_id").is_in(item_ids.implode())
    return [Finding(f"{UNKNOWN_ITEM}; ingest its item first", unknown.fill_null(False))]


def _aimless(frame: pl.DataFrame) -> list[Finding]:
    neither = frame.get_column("item_id").is_null() & frame.get_column("query").is_null()
    return [Finding("event has neither item_id nor query", neither)]


def _unknown_kinds(frame: pl.DataFrame, roles: EventsConfig) -> list[Finding]:
    kinds = frame.get_column("event")
    unknown = sorted(set(kinds.unique().drop_nulls()) - set(roles.kinds))
    findings = [
        Finding(f"unknown kind of event {kind!r}; add [events.{kind}] with a role to intentrec.toml", _is(kinds, kind))
        for kind in unknown[:_MAX_KINDS]
    ]
    rest = pl.Series(unknown[_MAX_KINDS:], dtype=pl.String)
    if len(rest):
        findings.append(
            Finding("unknown kind of event, one of many; is this the right column?", kinds.is_in(rest.implode()))
        )
    return findings


def _is(kinds: pl.Series, kind: str) -> pl.Series:
    return (kinds == kind).fill_null(False)


def _copies(frame: pl.DataFrame, table: InputTable) -> list[Finding]:
    if table in _KEYS:
        return [Finding(COPY, later_copies(frame, _KEYS[table]))]
    key = TABLES[table].key[0]
    return [Finding(f"{key} {SUPERSEDED}; the last row stands", superseded(frame, key))]


def _stored(frame: pl.DataFrame, stored: pl.LazyFrame | None) -> pl.Series:
    if stored is None or frame.is_empty():
        return pl.Series([], dtype=pl.Boolean)
    return already_stored(frame, stored)


def _must_mostly_fit(source: Source, table: str, config: DataConfig, bad: pl.DataFrame) -> None:
    reasons = Counter(source.broken.get_column("reason").to_list() + bad.get_column("reason").to_list())
    failed, rows = reasons.total(), source.frame.height + source.broken.height
    if failed <= config.max_bad_share * rows:
        return
    reason, often = reasons.most_common(1)[0]
    raise DataError(
        f"{source.path} does not fit table {table!r}: {failed:,} of {rows:,} rows fail, {often:,} of them because "
        f"{reason}. Nothing was taken in; mend the file or the settings, or raise data.max_bad_share."
    )
