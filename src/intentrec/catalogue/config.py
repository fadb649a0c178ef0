"""Settings of the catalogue stage."""

from pydantic import Field

from intentrec.settings import Section


class CatalogueConfig(Section):
    """How items are named and sorted, and how often that is done anew."""

    refresh_days: int = Field(30, ge=1, le=3650)
    """Days between two builds of categories and interest pool; items that appear in between are added to what exists,
    so that a daily run does not rewrite every user's prompt."""
    max_name_chars: int = Field(60, ge=10, le=200)
    """Longer item names are cut at a word."""
    n_categories: int | None = Field(None, ge=2, le=5000)
    """Categories to make where items have none; by default 1.5 times the square root of the number of items, between
    20 and 200."""
    min_category_items: int = Field(8, ge=1, le=10_000)
    """Made categories with fewer items are dissolved into their neighbours."""
    interests_per_category: int = Field(3, ge=1, le=10)
    """At most so many candidate interests lead to one category."""
    min_interest_items: int = Field(4, ge=1, le=10_000)
    """A phrase that fewer items share becomes no candidate interest, unless its category has no other."""
    neighbours: int = Field(10, ge=1, le=1000)
    """Items that vote on the category of a new item."""
    seed: int = Field(0, ge=0)
    """Seed of the clustering."""
