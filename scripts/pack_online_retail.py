"""Make the demo files in src/intentrec/data/online_retail from a folder with the prepared Online Retail tables.

python scripts/pack_online_retail.py FOLDER [TARGET]
"""

import argparse
from pathlib import Path

import polars as pl

TARGET = Path(__file__).parents[1] / "src/intentrec/data/online_retail"


def items(folder: Path) -> pl.DataFrame:
    """Only what does not change over the year: a price or a count over all of it would tell the future."""
    return pl.read_parquet(folder / "items.parquet").select("item_id", "title").sort("item_id")


def users(folder: Path) -> pl.DataFrame:
    """Countries; first and last purchase would tell the future."""
    return pl.read_parquet(folder / "users.parquet").select("user_id", "country").sort("user_id")


def events(folder: Path) -> pl.DataFrame:
    """One row a line of an invoice. Lines that differ only in their invoice number become one."""
    columns = (
        pl.col("user_id"),
        pl.col("item_id"),
        pl.from_epoch("timestamp", "s").dt.cast_time_unit("us").dt.replace_time_zone("UTC"),
        pl.col("event_type").alias("event"),
        pl.col("value").cast(pl.Float64).round(2),
        pl.col("quantity").cast(pl.Int64),
    )
    order = ["timestamp", "user_id", "item_id", "event", "quantity", "value"]
    return pl.read_parquet(folder / "events.parquet").select(columns).unique().sort(order)


def main() -> None:
    """Write the three files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds items.parquet, users.parquet and events.parquet")
    parser.add_argument("target", type=Path, nargs="?", default=TARGET)
    arguments = parser.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    for make in (items, users, events):
        path = arguments.target / f"{make.__name__}.parquet"
        make(arguments.folder).write_parquet(path, compression="zstd", compression_level=19)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
