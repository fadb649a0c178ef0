"""Settings of stage 2."""

from typing import Literal

from pydantic import Field

from intentrec.settings import Section

# Bought because it must be, not because one wants it (RecGPT-V1, section 2.1.2: willingness).
NECESSITIES = (
    "toilet paper", "toilet roll", "toilet tissue", "paper towels", "kitchen roll", "bath tissue", "bin bags",
    "trash bags", "garbage bags", "detergent", "dish soap", "bleach", "batteries", "light bulbs", "milk", "bread",
    "eggs", "salt", "sugar", "flour", "tap water", "bottled water", "postage", "carrier bag", "туалетная бумага",
    "бумажные полотенца", "мешки для мусора", "стиральный порошок", "батарейки", "лампочки", "молоко", "хлеб",
    "яйца", "соль", "сахар", "мука",
)  # fmt: skip
# Says nothing about what is wanted.
VAGUE = (
    "things", "items", "products", "goods", "stuff", "various", "misc", "miscellaneous", "other", "others",
    "general", "shopping", "purchases", "gifts", "set", "sets", "collection", "lifestyle", "quality", "style",
    "unknown", "none", "n/a", "interest", "interests", "accessories", "design", "designs", "товары", "вещи",
    "разное", "прочее", "другое", "покупки", "подарки", "набор", "наборы", "аксессуары", "стиль", "качество",
    "интерес", "интересы", "неизвестно", "нет",
)  # fmt: skip


class InterestsConfig(Section):
    """How behaviour becomes interests, and what is refused."""

    mode: Literal["auto", "whole", "cluster", "tuned"] = "auto"
    """One request per user, or one per group of a user's items, or the short one that models are aligned with; auto
    takes tuned where the model has an adapter for the stage, cluster for other small models."""
    max_interests: int = Field(default=10, ge=1, le=30)
    """At most so many interests a user."""
    min_interests: int = Field(default=3, ge=0, le=30)
    """Rules fill up to so many where what a model wrote was refused."""
    min_events: int = Field(default=2, ge=1, le=100)
    """Events an interest must rest on; a single action decides nothing."""
    min_days: int = Field(default=2, ge=1, le=100)
    """Different days these events must fall on; a short burst decides nothing."""
    burst_interests: int = Field(default=4, ge=1, le=30)
    """At most so many interests of a user whose every group is a burst or a single action."""
    half_life_days: float = Field(default=60.0, gt=0, le=3650)
    """After so many days an event counts half in an interest's weight."""
    recent_days: int = Field(default=60, ge=1, le=3650)
    """What counts as recent for the stages new and growing; fading means nothing for twice as long."""
    growth: float = Field(default=1.5, gt=1, le=100)
    """Growing means so many times more events a day recently than before."""
    ignored_events: tuple[str, ...] = ("return",)
    """Kinds of events that show no wish."""
    group_similarity: float = Field(default=0.5, ge=0, le=1)
    """Cosine from which an item belongs to the group of another."""
    max_group_texts: int = Field(default=500, ge=2, le=5000)
    """So many of a user's items, the weightiest, form groups; time grows with the square."""
    listed_similarity: float = Field(default=0.5, ge=0, le=1)
    """Cosine from which a group counts as an interest of the pool."""
    repeat_similarity: float = Field(default=0.85, gt=0, le=1)
    """Cosine from which two interests of a user are the same."""
    min_similarity: float = Field(default=0.25, ge=-1, le=1)
    """Cosine of an interest with its evidence below which it is unreasonable."""
    choice_margin: float = Field(default=0.15, ge=0, le=2)
    """How much less than the best of the offered names a chosen one may resemble its evidence."""
    max_words: int = Field(default=6, ge=1, le=20)
    """Longest name of an interest, in words."""
    max_reason_words: int = Field(default=40, ge=4, le=200)
    """Longest reason a model may write, in words."""
    shortlist: int = Field(default=5, ge=2, le=50)
    """Names a small model chooses from."""
    free_names: bool = False
    """Whether a small model names a group in its own words instead of choosing."""
    group_lines: int = Field(default=4, ge=1, le=50)
    """Lines of a group that a small model sees."""
    clause: bool = False
    """Whether a small model adds one short free clause to the reason."""
    pool_candidates: int = Field(default=40, ge=0, le=500)
    """Interests of the pool, nearest first, that stand in the prompt of a whole history."""
    necessities: tuple[str, ...] = NECESSITIES
    """Words of what is bought from necessity, never an interest."""
    vague_words: tuple[str, ...] = VAGUE
    """Words that name nothing; a name made of them alone is refused."""
