from typing import Literal

from pydantic import Field, PositiveFloat

from intentrec.retrieval.memory import MemoryConfig
from intentrec.settings import Section
from intentrec.towers.sequence.config import SequenceConfig


class TowersConfig(Section):
    """The parts of the towers, how they are trained, and how their weights are fitted."""

    parts: tuple[Literal["pooled", "sequence", "memory", "fresh"], ...] = Field(("pooled", "memory"), min_length=1)
    """What a score is the sum of: histories pooled at past moments (with the tags), histories read in order, pairs of
    items remembered as they were, and a constant for items without events, which text alone would leave behind."""
    memory: MemoryConfig = MemoryConfig()
    """Pairs of items."""
    sequence: SequenceConfig = SequenceConfig()
    """Histories read in order."""
    validation: Literal["window", "last"] = "window"
    """What is held out to decide when to stop and what each part counts: the days before the as-of time, or the last
    event of each user (leave-one-out, which leaks; not with the pooled part)."""
    blend_users: int = Field(2000, ge=10, le=1_000_000)
    """Most validation users on whom the weights of the parts are fitted."""
    blend_edges: tuple[int, ...] = Field((5, 20), max_length=8)
    """Weights are fitted apart for users with at most so many events, ascending."""
    blend_at: int = Field(100, ge=1, le=10_000)
    """Length of the list whose NDCG the weights are fitted for."""
    fresh_worth: float = Field(4.0, ge=1, le=100)
    """What finding an item without earlier events counts in that fit, against 1 for others: more to give new items a
    chance that the log, made without them, does not ask for. Only the part "fresh" makes use of it."""
    repeats: bool = True
    """Whether the weights are fitted for lists with what a user had, beside lists without it."""

    width: int = Field(384, ge=4, le=2048)
    """Length of the item embedding. Wide enough that an item is most like itself: that carries repeat purchases."""
    context_width: int = Field(8, ge=0, le=256)
    """Further coordinates of every vector that carry what is in demand now, apart from what an item is."""
    feature_width: int = Field(8, ge=1, le=256)
    """Length of the embedding of each item feature: category, brand, bucket of price, sales and age."""
    hidden: int = Field(128, ge=4, le=4096)
    """Hidden units of each tower's network."""
    dropout: float = Field(0.2, ge=0, lt=1)
    """Share of a network's inputs and hidden units that are dropped in training."""
    history_dropout: float = Field(0.1, ge=0, lt=1)
    """Share of a user's history that is hidden in training, so that no single item decides."""
    half_life_days: tuple[PositiveFloat, ...] = Field((30.0,), max_length=8)
    """Recent behaviour is pooled once for each half-life: an event so many days old counts half."""
    spectral: bool = True
    """Start item embeddings from the singular vectors of the user-item matrix instead of noise."""
    user_id_width: int = Field(0, ge=0, le=256)
    """Length of an embedding of the user's id, hidden half of the time in training; 0 for none. Users who come later
    do without."""
    tag_tower: Literal["words", "text"] = "words"
    """What a tag's vector is made of: the mean of its words' embeddings, or its vector from the text model."""
    alpha: float = Field(0.5, ge=0, le=1)
    """The loss is L_col + alpha * L_tag + (1 - alpha) * L_cate."""
    item_text: bool = True
    """Whether the item tower sees text vectors of titles, where the caller has them."""

    step_days: float = Field(7.0, gt=0, le=366)
    """Distance of the moments from which training looks ahead."""
    horizon_days: float = Field(28.0, gt=0, le=366)
    """How far training and validation look ahead."""
    warmup_days: float = Field(35.0, ge=0, le=3660)
    """Training does not look ahead from moments with less history than this, but always from some."""
    max_steps: int = Field(80, ge=1, le=10_000)
    """Most moments to look ahead from, the latest ones."""
    target: Literal["session", "window"] = "window"
    """What a user is trained to do next: the first active day within the horizon, or all of the horizon."""

    fading_days: float = Field(90.0, gt=0, le=36_500)
    """A moment so many days before the as-of time counts half, one twice as old a quarter: demand changes."""

    epochs: int = Field(3, ge=1, le=1000)
    """Passes over the examples; the learning rate falls to zero over them."""
    epoch_examples: int = Field(40_000, ge=1)
    """Most examples (a user at a moment) in one pass, drawn anew each time."""
    batch: int = Field(256, ge=1, le=65_536)
    """Examples in one step."""
    negatives: int = Field(8192, ge=1, le=1_000_000)
    """Items that a positive competes with: all where the catalogue is no larger, else a sample by popularity with
    its logQ correction."""
    embedding_rate: float = Field(1e-3, gt=0, le=1)
    """Learning rate of item embeddings."""
    rate: float = Field(1e-3, gt=0, le=1)
    """Learning rate of everything else."""
    crowd: float = Field(0.5, ge=0, le=1)
    """How much users with many targets are held back: a positive weighs 1 / n ** crowd."""
    validation_days: float = Field(28.0, ge=0, le=366)
    """Days before the as-of time that decide when to stop; afterwards all days are learnt again. 0 to train once, for
    all epochs."""
    patience: int = Field(2, ge=1, le=1000)
    """Epochs without a better validation recall before training stops."""
    recall_at: int = Field(100, ge=1, le=100_000)
    """Length of the list whose recall is validated."""
