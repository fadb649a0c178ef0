"""What each row of a list can say for itself: its interest where one leads to it, what it is like, and a sentence."""

import polars as pl

from intentrec.data import EventsConfig
from intentrec.explanations import rule_reasons


def chosen(events: pl.DataFrame, roles: EventsConfig) -> pl.DataFrame:
    """Distinct `user_id`, `item_id` of what users touched with intent: what a reason may point back to."""
    wanted = events.filter(pl.col("event").is_in(roles.named("intent")))
    return wanted.select("user_id", "item_id").drop_nulls().unique(maintain_order=True)


def with_reasons(
    frame: pl.DataFrame,
    near: pl.Series,
    interests: pl.DataFrame,
    tags: pl.DataFrame,
    catalogue: pl.DataFrame,
    language: str,
) -> pl.DataFrame:
    """The rows of a ranker with the name of their interest and a reason made by rule.

    A reason must be true. A row that the user's own vector found keeps or gets an interest only where one of the
    interest's tags leads to the item's category (the look-up of RecGPT-V1, section 2.4); its sentence names what the
    user chose before that is most like the item.

    Args:
        near: For each row the item of the user's history that is most like it, or null.
    """
    listed = pl.col("user_id").is_in(frame["user_id"].unique().implode())  # a list for one user reads one user's rows
    interests, tags = interests.filter(listed), tags.filter(listed)
    reach = interest_reach(interests, tags)
    rows = frame.join(catalogue.select("item_id", "category"), on="item_id", how="left", maintain_order="left")
    own = rows.join(
        reach.select("user_id", "interest_id", "category", _leads=pl.lit(value=True)),
        on=["user_id", "interest_id", "category"],
        how="left",
        maintain_order="left",
    )
    best = reach.unique(["user_id", "category"], keep="first", maintain_order=True)
    fitting = own.join(
        best.select("user_id", "category", _fitting="interest_id"),
        on=["user_id", "category"],
        how="left",
        maintain_order="left",
    )
    keeps = (pl.col("source") == "tag") | pl.col("_leads").fill_null(value=False)
    told = fitting.with_columns(
        interest_id=pl.when(keeps).then("interest_id").otherwise("_fitting"),
        tag=pl.when(keeps).then("tag"),
    ).drop("_leads", "_fitting", "category")
    named = told.join(
        interests.select("user_id", "interest_id", "interest"),
        on=["user_id", "interest_id"],
        how="left",
        maintain_order="left",
    ).with_columns(_near=near)
    names = catalogue.select(_near="item_id", near="name")
    named = named.join(names, on="_near", how="left", maintain_order="left")
    return named.with_columns(reason=rule_reasons(named, language)).drop("near", "_near")


def interest_reach(interests: pl.DataFrame, tags: pl.DataFrame) -> pl.DataFrame:
    """`user_id, interest_id, category` that an interest's tags lead to, the user's weightiest interests first."""
    weighty = interests.sort(["user_id", "weight", "interest_id"], descending=[False, True, False])
    led = tags.select("user_id", "interest_id", "category").unique()
    return (
        weighty.select("user_id", "interest_id")
        .with_row_index("_weight")
        .join(led, on=["user_id", "interest_id"])
        .sort("_weight", "category")
        .drop("_weight")
    )


def explainable_pairs(recommendations: pl.DataFrame, tags: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """`user_id, interest, item_id` of recommended items that share a category with a tag of their interest."""
    reach = tags.select("user_id", "interest_id", "category").unique()
    rows = recommendations.filter(pl.col("interest").is_not_null())
    return (
        rows.select("user_id", "interest_id", "interest", "item_id")
        .join(catalogue.select("item_id", "category"), on="item_id")
        .join(reach, on=["user_id", "interest_id", "category"], how="semi")
        .select("user_id", "interest", "item_id")
    )
