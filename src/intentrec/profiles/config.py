"""Settings of the profiles stage."""

from pydantic import Field, model_validator

from intentrec.settings import Section


class ProfilesConfig(Section):
    """What enters a user's text, how time is rounded, and how long the text may become."""

    max_tokens: int = Field(2000, ge=128, le=200_000)
    """Token budget of a text. Lines with the oldest last event are left out first until it holds."""
    day_days: int = Field(31, ge=0, le=3650)
    """Events younger than this many days are shown with their day."""
    month_days: int = Field(365, ge=0, le=36_500)
    """Older ones, up to this age, are shown with their month; all others with their year."""
    max_items_per_line: int = Field(20, ge=1, le=1000)
    """A line with more items is written as several, so that evidence stays precise."""
    attributes: tuple[str, ...] | None = None
    """Columns of the users table that enter the text, in this order; by default all but dates and lists."""
    max_value_chars: int = Field(40, ge=8, le=200)
    """Longer attribute values and search queries are cut at a word."""
    refresh_days: int = Field(1, ge=1, le=365)
    """Days between two builds of one user's profile; which day of the cycle is the user's follows from the id."""

    @model_validator(mode="after")
    def _ordered(self) -> "ProfilesConfig":
        if self.month_days < self.day_days:
            raise ValueError("profiles.month_days must not be below profiles.day_days")
        return self
