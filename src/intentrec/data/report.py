"""What `intentrec data check` says about stored data: how much, how clean, and where the future may leak."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl

from intentrec.data.checks import COPY, UNKNOWN_ITEM
from intentrec.data.config import DataConfig
from intentrec.data.leaks import Leak, leak_risks

Section = tuple[str, list[tuple[str, str, str]]]
_MAX_LISTED = 20


@dataclass(frozen=True)
class BotLike:
    """A user who acts more than a person does: `events` in all, `most_in_a_day` on one day (UTC)."""

    user_id: str
    events: int
    most_in_a_day: int


@dataclass(frozen=True)
class DataReport:
    """Numbers on the stored data.

    Attributes:
        rows: Rows by table, quarantine included.
        first: Time of the first event; None without events.
        last: Time of the last event.
        kinds: Events by kind, most frequent first.
        active_users: Users with an event.
        active_items: Items with an event.
        thin_users: Users with fewer events than `few_events`.
        few_events: That limit.
        duplicates: Event rows that were refused as exact copies.
        near_duplicates: Stored events that agree with an earlier one in user, time, kind, item and query.
        ties: Share of events at the same time as another event of their user, 0 to 1; None without events.
        unknown_items: Share of all event rows that were refused for an unknown item; None without events.
        refused: Quarantined rows by table and reason, most frequent first.
        n_bot_like: How many users are bot-like.
        bot_like: The most active of them.
        leaks: Where the future may show.
    """

    rows: dict[str, int]
    first: datetime | None
    last: datetime | None
    kinds: dict[str, int]
    active_users: int
    active_items: int
    thin_users: int
    few_events: int
    duplicates: int
    near_duplicates: int
    ties: float | None
    unknown_items: float | None
    refused: list[tuple[str, str, int]]
    n_bot_like: int
    bot_like: list[BotLike]
    leaks: list[Leak]

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values; times in ISO 8601."""
        values = asdict(self)
        values["refused"] = [{"table": t, "reason": r, "rows": n} for t, r, n in self.refused]
        return values | {name: time and time.isoformat() for name, time in (("first", self.first), ("last", self.last))}

    def sections(self) -> list[Section]:
        """Titles with rows of (name, value, note), ready to be shown; a section without rows is left out."""
        sections = [
            ("Rows", [(table, f"{n:,}", "") for table, n in self.rows.items()]),
            ("Events", self._event_lines()),
            ("Kinds of events", [(kind, f"{n:,}", "") for kind, n in self.kinds.items()]),
            ("Users", self._user_lines()),
            (
                "Bot-like users",
                [(b.user_id, f"{b.events:,}", f"{b.most_in_a_day:,} on one day") for b in self.bot_like],
            ),
            ("Quarantine", [(table, f"{n:,}", reason) for table, reason, n in self.refused]),
            ("Leak risks", [(leak.where, leak.what, leak.advice) for leak in self.leaks]),
        ]
        return [(title, lines) for title, lines in sections if lines]

    def _event_lines(self) -> list[tuple[str, str, str]]:
        if self.first is None or self.last is None:
            return []
        return [
            ("first", f"{self.first:%Y-%m-%d %H:%M}", "UTC"),
            ("last", f"{self.last:%Y-%m-%d %H:%M}", "UTC"),
            ("exact copies refused", f"{self.duplicates:,}", ""),
            ("near copies stored", f"{self.near_duplicates:,}", "same user, time, kind, item and query"),
            (
                "time ties",
                _percent(self.ties),
                "events at the same time as another of their user: order is a guess there",
            ),
            ("unknown items", _percent(self.unknown_items), "event rows refused because their item is not known"),
        ]

    def _user_lines(self) -> list[tuple[str, str, str]]:
        return [
            ("with events", f"{self.active_users:,}", ""),
            ("items with events", f"{self.active_items:,}", ""),
            (f"fewer than {self.few_events} events", f"{self.thin_users:,}", "little to infer interests from"),
            ("bot-like", f"{self.n_bot_like:,}", "limits: bot_events_per_day and bot_quantile under [data]"),
        ]


def data_report(
    items: pl.DataFrame,
    events: pl.DataFrame,
    users: pl.DataFrame,
    impressions: pl.DataFrame,
    quarantine: pl.DataFrame,
    config: DataConfig | None = None,
) -> DataReport:
    """The report on tables that passed the checks, and on what was quarantined on the way."""
    config = config or DataConfig()
    named = {"items": items, "users": users, "events": events, "impressions": impressions, "quarantine": quarantine}
    per_user = events.group_by("user_id").agg(pl.len().alias("events"))
    bots = _bot_like(events, per_user, config)
    span = events.select(first=pl.col("timestamp").min(), last=pl.col("timestamp").max()).row(0)
    return DataReport(
        rows={name: frame.height for name, frame in named.items()},
        first=span[0],
        last=span[1],
        kinds=dict(events.group_by("event").len().sort(["len", "event"], descending=[True, False]).iter_rows()),
        active_users=per_user.height,
        active_items=events.get_column("item_id").drop_nulls().n_unique(),
        thin_users=per_user.filter(pl.col("events") < config.few_events).height,
        few_events=config.few_events,
        duplicates=_refused_for(quarantine, COPY),
        near_duplicates=events.height - events.select("user_id", "timestamp", "event", "item_id", "query").n_unique(),
        ties=_ties(events),
        unknown_items=_share(_refused_for(quarantine, UNKNOWN_ITEM), events.height),
        refused=_refused(quarantine),
        n_bot_like=bots.height,
        bot_like=[BotLike(*row) for row in bots.head(_MAX_LISTED).iter_rows()],
        leaks=leak_risks(items, events, users, quarantine, config),
    )


def _bot_like(events: pl.DataFrame, per_user: pl.DataFrame, config: DataConfig) -> pl.DataFrame:
    """Columns user_id, events, most_in_a_day, most active first."""
    daily = events.group_by("user_id", pl.col("timestamp").dt.truncate("1d")).len()
    busiest = daily.group_by("user_id").agg(pl.col("len").max().alias("most_in_a_day"))
    many = pl.col("events") > pl.col("events").quantile(config.bot_quantile)
    far = pl.col("events") > 10 * pl.col("events").median()
    return (
        per_user.with_columns(outlier=many & far)
        .join(busiest, on="user_id")
        .filter(pl.col("outlier") | (pl.col("most_in_a_day") > config.bot_events_per_day))
        .select("user_id", "events", "most_in_a_day")
        .sort(["events", "user_id"], descending=[True, False])
    )


def _ties(events: pl.DataFrame) -> float | None:
    if events.is_empty():
        return None
    together = events.group_by("user_id", "timestamp").len()
    return float(together.filter(pl.col("len") > 1).get_column("len").sum()) / events.height


def _refused(quarantine: pl.DataFrame) -> list[tuple[str, str, int]]:
    counted = quarantine.group_by("table", "reason").len()
    return counted.sort(["len", "table", "reason"], descending=[True, False, False]).rows()


def _refused_for(quarantine: pl.DataFrame, reason: str) -> int:
    return quarantine.filter((pl.col("table") == "events") & pl.col("reason").str.starts_with(reason)).height


def _share(refused: int, kept: int) -> float | None:
    return refused / (refused + kept) if refused + kept else None


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
