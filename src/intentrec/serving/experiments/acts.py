"""What users did, in the few words that metrics are made of."""

from datetime import datetime

import polars as pl

from intentrec.serving.experiments.config import OutcomesConfig
from intentrec.tables import CATALOGUE, EVENTS, IMPRESSIONS, ITEMS, Table
from intentrec.workspace import Workspace

_COLUMNS = ("user_id", "timestamp", "item_id")
_NO_VALUE = pl.lit(None, dtype=pl.Float64)


def acts(
    events: pl.LazyFrame, impressions: pl.LazyFrame, categories: pl.LazyFrame, config: OutcomesConfig
) -> pl.LazyFrame:
    """One row an act: user_id, timestamp, item_id, value, act, category.

    Args:
        events: Columns of the table `events`.
        impressions: Columns of the table `impressions`.
        categories: item_id and category; an item without one has none here.
        config: Which kinds of events are which acts. A kind may be several.
    """
    kinds = {"view": config.item_view, "dwell": config.dwell, "cart": config.cart, "purchase": config.purchase}
    if config.shown_from == "events":
        kinds |= {"showing": config.impression, "click": config.click}
    parts = [_of_kinds(events, act, names) for act, names in kinds.items()]
    if config.shown_from == "impressions":
        parts.append(_act(impressions, "showing"))
        parts.append(_act(impressions.filter("clicked"), "click"))
    return pl.concat(parts).join(categories.select("item_id", "category"), on="item_id", how="left")


def _of_kinds(events: pl.LazyFrame, act: str, kinds: tuple[str, ...]) -> pl.LazyFrame:
    return _act(events.filter(pl.col("event").is_in(kinds)), act, pl.col("value"))


def _act(rows: pl.LazyFrame, act: str, value: pl.Expr = _NO_VALUE) -> pl.LazyFrame:
    return rows.select(*_COLUMNS, value=value, act=pl.lit(act))


def stored_acts(
    workspace: Workspace, config: OutcomesConfig, users: pl.LazyFrame, since: datetime | None
) -> pl.LazyFrame:
    """Acts of some users from the stored tables.

    Args:
        users: A column user_id.
        since: Acts before it are left out; None for all.
    """

    def theirs(table: Table) -> pl.LazyFrame:
        rows = stored(workspace, table)
        recent = rows if since is None else rows.filter(pl.col("timestamp") >= since)
        return recent.join(users, on="user_id", how="semi")

    return acts(theirs(EVENTS), theirs(IMPRESSIONS), _categories(workspace), config)


def stored(workspace: Workspace, table: Table) -> pl.LazyFrame:
    """The newest rows of an input table with all columns of its contract; none where it was never written."""
    if not workspace.tables.exists(table.name):
        return table.empty().lazy()
    rows = workspace.tables.scan(table.name)
    there = rows.collect_schema()
    return rows.with_columns(pl.lit(None, dtype=c.dtype).alias(c.name) for c in table.columns if c.name not in there)


def _categories(workspace: Workspace) -> pl.LazyFrame:
    """Categories as the current release has them, clusters with names where the shop has none."""
    manifest = workspace.releases.current()
    if manifest is not None and CATALOGUE.name in manifest.tables:
        return workspace.read_release(CATALOGUE.name, manifest).lazy()
    return stored(workspace, ITEMS)
