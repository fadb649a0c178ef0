"""The demo data: a year of a real gift-ware shop (CC0), inside the package."""

from importlib.resources import files
from pathlib import Path

from intentrec.errors import DataError

TABLES = ("items", "events", "users")


def demo_files() -> dict[str, Path]:
    """The Parquet files of the demo by table name; their columns fit the contract as they are.

    Raises:
        DataError: The package lies where it has no real files, or they were left out of it.
    """
    folder = Path(str(files("intentrec.data").joinpath("online_retail")))
    paths = {table: folder / f"{table}.parquet" for table in TABLES}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise DataError(f"The demo data is missing at {missing[0]}. Install intentrec again, unzipped.")
    return paths


def demo_credit() -> str:
    """Where the demo data comes from and under which licence, as Markdown."""
    return files("intentrec.data").joinpath("online_retail", "CREDIT.md").read_text(encoding="utf-8")
