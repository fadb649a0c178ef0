"""Public logs as tasks: what may be learned, what must be found, and what items are, all as of the cut."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import polars as pl

from benchmarks.rectools.exchange import fingerprint
from intentrec.data.splits import Split, global_time, leave_one_out
from intentrec.errors import ConfigError, DataError
from intentrec.evaluation.config import ViewName

DataSet = Literal["beauty", "completejourney", "online-retail"]
Protocol = Literal["leave-one-out", "time"]
KINDS = {"purchase": 1.0}
"""All events of these logs are of one kind; those that show no intent are left out when reading."""

FOLDERS = {"beauty": "amazon-beauty"}
DAYS = {"beauty": 90, "completejourney": 28, "online-retail": 28}
"""Length of the test window, and of the validation window before it. Beauty has few events a day, so more of them."""

_ITEM_COLUMNS = ("item_id", "title", "category", "brand", "department", "price")


@dataclass(frozen=True)
class Task:
    """One log, cut one way.

    Attributes:
        name: As in `--dataset`.
        protocol: How it is cut.
        split: What to learn from and what to find.
        items: `item_id, title, category, brand, department, price, created_at`, ascending by id; all of them can be
            ranked.
        texts: What every system that reads reads of each item, in the order of `items`.
        as_of: Exclusive end of what is known.
        days: Length of the windows; 0 for leave-one-out.
        version: Of the data: a hash of events and items as they are used.
    """

    name: DataSet
    protocol: Protocol
    split: Split
    items: pl.DataFrame
    texts: list[str]
    as_of: datetime
    days: int
    version: str

    @property
    def key(self) -> str:
        """Name of the folder of its runs."""
        return f"{self.name}-{self.protocol}"

    @property
    def single(self) -> bool:
        """Whether each user has one item to find (leave-one-out)."""
        return self.protocol == "leave-one-out"

    @property
    def ks(self) -> tuple[int, ...]:
        """Lengths of lists at which metrics are taken; the longest is what runs store."""
        return (5, 10, 50, 100) if self.single else (5, 10, 50, 100, 500)

    @property
    def filters(self) -> tuple[bool, ...]:
        """Whether lists leave out what the user had: both, or only so where a test item is always new."""
        return (True,) if self.single else (True, False)

    @property
    def views(self) -> tuple[ViewName, ...]:
        """Views that are reported, the one that counts first."""
        if self.single:
            return ("new",)
        return ("all", "new", "repeat") if self.name == "online-retail" else ("new", "all")

    @property
    def tuning_view(self) -> Literal["all", "new"]:
        """What baselines are tuned to foresee: the view that counts."""
        return "all" if self.views[0] == "all" else "new"

    @property
    def tuning_k(self) -> int:
        """Length of the lists that baselines are tuned by."""
        return 10 if self.single else 100

    @property
    def users(self) -> pl.Series:
        """Everyone with something to find, ascending."""
        return self.split.targets["user_id"].unique().sort()

    @property
    def has_categories(self) -> bool:
        """Whether there is anything by which lists could vary."""
        return bool(self.items["category"].is_not_null().any())


def load(data: Path, name: DataSet, protocol: Protocol, users: int | None = None) -> Task:
    """Read a log and cut it.

    Args:
        data: The folder of the log, or the one above it.
        name: Which log.
        protocol: How to cut it.
        users: Keep the events of so many users only, drawn once for all, and the items that they touch; for trying out.

    Raises:
        ConfigError: There is no such log, or it has no order for leave-one-out.
        DataError: The folder holds no such log.
    """
    if name not in get_args(DataSet):
        raise ConfigError(f"There is no data set {name!r}; there are {', '.join(get_args(DataSet))}.")
    if protocol == "leave-one-out" and name != "beauty":
        raise ConfigError(f"{name} has baskets, whose order within a user is not known; take --protocol time.")
    folder = data if (data / "events.parquet").exists() else data / FOLDERS.get(name, name)
    if not (folder / "events.parquet").exists():
        raise DataError(f"{folder} holds no events.parquet of {name}.")
    events, items = READERS[name](folder)
    if users is not None:
        events, items = _fewer(events, items, users)
    end = _midnight_after(events)
    days = 0 if protocol == "leave-one-out" else DAYS[name]
    as_of = end - timedelta(days=days)
    split = global_time(events, as_of, timedelta(days=days), list(KINDS)) if days else leave_one_out(events)
    items = _dated(_priced(items, events, as_of), events, as_of, days).sort("item_id")
    shown = events.select(pl.col("user_id"), pl.col("item_id"), pl.col("timestamp").dt.epoch("s"))
    version = fingerprint(shown)[:12] + "-" + fingerprint(items.select(pl.exclude("price", "created_at")))[:8]
    return Task(name, protocol, split, items, texts_of(items), as_of, days, version)


def texts_of(items: pl.DataFrame) -> list[str]:
    """Title, brand and category of each item in one line; what is missing is left out."""
    columns = [pl.col(name).fill_null("") for name in ("title", "brand", "category")]
    joined = items.select(pl.concat_str(columns, separator=" ").str.replace_all(r"\s+", " ").str.strip_chars())
    return joined.to_series().to_list()


def _beauty(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """In canonical order: by user and position, as times are days and same-day ties carry weight."""
    events = pl.read_parquet(folder / "events.parquet").sort("user_id", "position")
    return _events(events), _items(pl.read_parquet(folder / "items.parquet"))


def _completejourney(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """By concept: what a product is, whatever its size and label."""
    products = pl.read_parquet(folder / "items.parquet").with_columns(concept=pl.col("concept_id").cast(pl.String))
    events = pl.read_parquet(folder / "events.parquet").join(products.select("item_id", "concept"), on="item_id")
    events = events.with_columns(item_id="concept", price=pl.col("value") / pl.col("quantity").cast(pl.Float64))
    ordered = products.sort("concept", "item_id").group_by("concept", maintain_order=True)
    items = ordered.agg(
        title=pl.coalesce(pl.col("product_type").drop_nulls().first(), pl.col("description").first()),
        category=pl.col("category").first(), department=pl.col("department").first(),
        brand=pl.col("brand_type").first(),
    )  # fmt: skip
    return _events(events.sort("timestamp", "user_id", "item_id")), _items(items.rename({"concept": "item_id"}))


def _online_retail(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Without returns."""
    events = pl.read_parquet(folder / "events.parquet").filter(pl.col("event_type") == "purchase")
    return _events(events.sort("timestamp", "user_id", "item_id")), _items(pl.read_parquet(folder / "items.parquet"))


READERS: dict[str, Callable[[Path], tuple[pl.DataFrame, pl.DataFrame]]] = {
    "beauty": _beauty,
    "completejourney": _completejourney,
    "online-retail": _online_retail,
}


def _events(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `EVENTS` with the unit price, numbered in the order given."""
    price = pl.col("price").cast(pl.Float64) if "price" in rows.columns else pl.lit(None, dtype=pl.Float64)
    return rows.with_row_index("row").select(
        pl.col("row").cast(pl.Int64), "user_id", "item_id",
        pl.from_epoch(pl.col("timestamp"), "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        event=pl.lit("purchase"), weight=pl.lit(1.0),
        price=pl.when(price.is_finite() & (price > 0)).then(price),
    )  # fmt: skip


def _items(rows: pl.DataFrame) -> pl.DataFrame:
    """What is said of items whenever it is asked: nothing that is counted from the log."""
    columns = [
        (pl.col(name) if name in rows.columns and name != "price" else pl.lit(None)).cast(pl.String).alias(name)
        for name in _ITEM_COLUMNS
    ]
    return rows.select(columns).with_columns(pl.col("price").cast(pl.Float64))


def _priced(items: pl.DataFrame, events: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The median unit price before the cut; of an item not sold before it, the price at which it comes out."""
    before = pl.col("price").filter(pl.col("timestamp") < as_of).median()
    prices = events.sort("timestamp", "row").group_by("item_id").agg(
        price=pl.coalesce(before, pl.col("price").drop_nulls().first())
    )  # fmt: skip
    return items.drop("price").join(prices, on="item_id", how="left", maintain_order="left").select(_ITEM_COLUMNS)


def _dated(items: pl.DataFrame, events: pl.DataFrame, as_of: datetime, days: int) -> pl.DataFrame:
    """Logs do not say when an item came out. A shop puts it up before anybody takes it, so it is held to have come out
    just before the window in which it was first taken: at the cut, a list may hold it, and at earlier cuts it may not.
    """
    if not days:
        return items.with_columns(created_at=pl.lit(None, dtype=pl.Datetime("us", "UTC")))
    window = days * 86_400_000_000  # microseconds
    ahead = (pl.col("timestamp").min() - as_of).dt.total_microseconds()
    begins = as_of + pl.duration(microseconds=ahead // window * window - 1)
    came = events.group_by("item_id").agg(created_at=begins.cast(pl.Datetime("us", "UTC")))
    return items.join(came, on="item_id", how="left", maintain_order="left")


def _fewer(events: pl.DataFrame, items: pl.DataFrame, n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    names = events["user_id"].unique().sort()
    drawn = np.random.default_rng(0).choice(len(names), size=min(n, len(names)), replace=False)
    kept = events.join(pl.DataFrame({"user_id": names.gather(np.sort(drawn))}), on="user_id", how="semi")
    return kept, items.join(kept, on="item_id", how="semi")


def _midnight_after(events: pl.DataFrame) -> datetime:
    last = events["timestamp"].max()
    assert isinstance(last, datetime)
    return datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
