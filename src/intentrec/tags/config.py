"""Settings of stage 3."""

from typing import Literal

from pydantic import Field

from intentrec.settings import Section

# Words that describe nothing a shopper could look for (RecGPT-V1, section 2.2, and its appendix).
VAGUE = (
    "smart", "modular", "set", "sets", "multifunctional", "universal", "various", "assorted", "new", "quality",
    "premium", "stylish", "trendy", "product", "products", "item", "items", "thing", "things", "stuff", "accessory",
    "accessories", "gift", "gifts", "other", "misc", "design", "умный", "модульный", "набор", "наборы",
    "универсальный", "стильный", "модный", "качественный", "товар", "товары", "вещь", "вещи", "аксессуары",
    "подарок", "подарки", "разное", "прочее",
)  # fmt: skip


class TagsConfig(Section):
    """How interests become descriptions of items, and what is refused."""

    mode: Literal["auto", "whole", "cluster", "writing", "tuned"] = "auto"
    """One request per user, or one per interest: a choice (cluster), free words after examples (writing), or the short
    question that models are aligned with (tuned). Auto takes tuned where the model has an adapter for the stage,
    cluster for other small models."""
    hints: Literal["auto", "none", "shortlist", "followers"] = "auto"
    """What a model that writes is shown beside an interest: nothing, the rules' shortlist, or what people with the
    interest moved on to. Auto shows the shortlist where one interest is asked about, else a few phrases of the shop."""
    max_tags: int = Field(default=50, ge=1, le=200)
    """At most so many tags a user; a catalogue with few phrases gets one for each two of them."""
    min_per_interest: int = Field(default=2, ge=0, le=50)
    """Tags that even the lightest interest gets, as far as there are any."""
    recent_days: int = Field(default=30, ge=0, le=365)
    """What was touched so many days before the user's last event is no tag."""
    repeat_similarity: float = Field(default=0.85, gt=0, le=1)
    """Cosine from which two tags, or a tag and something just touched, mean the same."""
    min_relevance: float = Field(default=0.3, ge=-1, le=1)
    """Cosine of a tag with its interest below which it is off the interest."""
    text_share: float = Field(default=0.5, ge=0, le=1)
    """Weight of nearness in text; the rest is how often others went on to it."""
    follow_steps: int = Field(default=3, ge=1, le=20)
    """How many of a user's next days with events count as following; the k-th counts 1 / k."""
    follow_kept: int = Field(default=100, ge=1, le=5000)
    """Followers kept of each phrase."""
    follow_shrinkage: float = Field(default=10.0, ge=0, le=10_000)
    """Damps follow counts of rare phrases."""
    ignored_events: tuple[str, ...] = ("return",)
    """Kinds of events that show no wish."""
    alive_days: int = Field(default=90, ge=1, le=3650)
    """A phrase that nobody touched for so long is out of season or out of stock, and no tag of the rules."""
    candidates: int = Field(default=30, ge=1, le=500)
    """Phrases that rules consider for each interest."""
    shortlist: int = Field(default=8, ge=2, le=50)
    """Phrases of an interest that a small model chooses from, or is shown as hints."""
    chosen: int = Field(default=3, ge=1, le=20)
    """How many tags of an interest a small model chooses or writes."""
    best_of: int = Field(default=1, ge=1, le=32)
    """Answers to each question, of which the one with most tags that pass the gate is taken; all but the first are
    drawn at `draw_temperature`."""
    draw_temperature: float = Field(default=0.8, gt=0, le=2)
    """Temperature of further answers."""
    planner: bool = False
    """Whether a large model first plans personas of each user, then writes for each, then picks from all they wrote."""
    personas: int = Field(default=3, ge=1, le=10)
    """Personas that are planned."""
    expert_tags: int = Field(default=25, ge=1, le=200)
    """Tags written for each persona."""
    fill: bool = True
    """Whether tags of the rules fill up what a model wrote."""
    min_words: int = Field(default=2, ge=1, le=5)
    """Fewest words of a tag: modifier + core word."""
    max_words: int = Field(default=6, ge=2, le=20)
    """Most words of a tag."""
    max_reason_words: int = Field(default=30, ge=4, le=200)
    """Longest reason a model may write, in words."""
    vague_words: tuple[str, ...] = VAGUE
    """Words that make a tag vague when it has no two others."""
