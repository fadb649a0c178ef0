"""Explanations as cases."""

from collections.abc import Iterator

import polars as pl

from intentrec.judge.cases.case import ExplanationCase
from intentrec.judge.cases.frames import Tables

_COMPOSED = ("explanations/explain", "explanations/tuned")
_FIRST = ("title", "name", "phrase", "category", "brand", "description", "price")
_NO_FACT = frozenset({"item_id", "created_at"})


def explanation_cases(chosen: pl.DataFrame, tables: Tables) -> list[ExplanationCase]:
    """One case for each chosen row of `EXPLANATIONS`, in their order."""
    ids = chosen["item_id"].unique().to_list()
    own = tables.items.filter(pl.col("item_id").is_in(ids))
    made = tables.catalogue.filter(pl.col("item_id").is_in(ids)).select("item_id", "name", "phrase", "category")
    joined = own.join(made, on="item_id", how="full", coalesce=True, suffix="_made")
    facts = {row["item_id"]: tuple(_facts(row)) for row in joined.iter_rows(named=True)}
    return [
        ExplanationCase(
            user_id=None,
            item_id=row["item_id"],
            interest=row["interest"],
            text=row["text"],
            reason="",
            writer=row["model"],
            prompt_version=row["prompt_version"],
            as_of=tables.as_of,
            facts=facts.get(row["item_id"], ()),
            composed=row["prompt_version"].startswith(_COMPOSED),
        )
        for row in chosen.iter_rows(named=True)
    ]


def _facts(row: dict[str, object]) -> Iterator[tuple[str, str]]:
    """What is known, what shoppers read first; the category the shop gave beside the one made of it."""
    names = [name for name in _FIRST if name in row]
    names += [name for name in row if name not in {*_FIRST, *_NO_FACT}]
    told: set[str] = set()
    for name in names:
        value = row[name]
        text = "" if value is None else str(value).strip()
        if text and text.casefold() not in told:
            told.add(text.casefold())
            yield name.removesuffix("_made"), text
