from typing import Literal

from pydantic import Field

from intentrec.settings import Section


class SequenceConfig(Section):
    """The sequence tower: what it reads, what it is asked, and how it is trained."""

    user: Literal["transformer", "mean"] = "transformer"
    """How a history becomes a vector: a causal transformer, or the mean of its items (RecGPT-V1) and a network."""
    width: int = Field(128, ge=4, le=2048)
    """Length of item and user vectors, without the context coordinates."""
    layers: int = Field(2, ge=1, le=32)
    """Blocks of the user side."""
    heads: int = Field(2, ge=1, le=64)
    """Attention heads; they divide the width."""
    hidden: int = Field(512, ge=4, le=16_384)
    """Hidden units of each block's gated network."""
    dropout: float = Field(0.3, ge=0, lt=1)
    """Share of the user side's inputs and outputs that are dropped in training."""
    length: int = Field(50, ge=2, le=4096)
    """Events that are read at once: the latest when serving; longer histories are learnt in overlapping parts."""
    gaps: bool = True
    """Whether the user side sees how long after the event before it an event came."""
    kinds: bool = True
    """Whether the user side sees the kind of an event."""
    codes: int = Field(1, ge=1, le=32)
    """Vectors per user: with more than one, as many learned codes attend over the history (RecGPT-V2), and an item
    scores by the best of them."""
    context_width: int = Field(16, ge=0, le=256)
    """Further coordinates of every vector that carry what is in demand at a time, apart from what an item is."""
    period_days: float = Field(30.0, gt=0, le=3660)
    """Length of the calendar periods that demand is learnt for."""
    clock: Literal["last", "request"] = "request"
    """Which time counts: that of the last event, or that of the request. With the second, the time since the last event
    counts as well."""

    item_text: bool = True
    """Whether items have a part from their text vectors, where the caller has them."""
    item_features: bool = True
    """Whether items have a part from category, brand and bucket of price."""
    id_dropout: float = Field(0.1, ge=0, lt=1)
    """Share of the items of a step whose id is hidden, so that items without events are learnt, too."""
    text_dropout: float = Field(0.2, ge=0, lt=1)
    """Share of the text coordinates that are hidden in training."""

    target: Literal["next", "session", "window"] = "next"
    """What is asked: after each event the next one; or, after each active day, all of the next active day, or all of
    the horizon."""
    horizon_days: float = Field(28.0, gt=0, le=3660)
    """How far "window" looks ahead."""
    max_targets: int = Field(8, ge=1, le=10_000)
    """Most items that one question is asked for in a step, drawn anew each time."""
    crowd: float = Field(0.5, ge=0, le=1)
    """How much questions with many targets are held back: each of n weighs 1 / n ** crowd."""
    fading_days: float = Field(0.0, ge=0, le=36_500)
    """A question so many days before the end counts half, one twice as old a quarter; 0 to count all alike."""

    negatives: int = Field(2048, ge=1, le=1_000_000)
    """Sampled items that every target of a step competes with, with their logQ correction; all items that have events
    where there are no more than this."""
    logq: bool = True
    """Whether the sample is corrected for how it was drawn (logQ); without it popular items are held down."""
    popularity_power: float = Field(0.75, ge=0, le=2)
    """Negatives are drawn by popularity to this power."""
    in_batch: int = Field(0, ge=0, le=65_536)
    """Targets of the step that serve as further negatives for its other questions."""
    hard: int = Field(0, ge=0, le=1024)
    """Further negatives of each question from the category of one of its targets."""
    impressions: int = Field(0, ge=0, le=1024)
    """Most items that a user was shown and did not take, as further negatives of the question after it."""

    epochs: int = Field(12, ge=1, le=1000)
    """Passes over the questions; the learning rate falls over them."""
    tokens: int = Field(1024, ge=1, le=1_000_000)
    """Events in one step, padding counted."""
    rate: float = Field(2e-3, gt=0, le=10)
    """Learning rate."""
    weight_decay: float = Field(0.0, ge=0, le=1)
    """Decoupled decay of everything but the item table."""
    warmup_steps: int = Field(100, ge=0, le=1_000_000)
    """Steps until the learning rate is reached."""
    table_optimiser: Literal["rows", "adagrad", "dense"] = "rows"
    """How item embeddings learn: Adam on the rows that a step touches, Adagrad with one step size a row, or Adam on the
    whole table."""
    table_rate: float = Field(2e-3, gt=0, le=10)
    """Learning rate of the item embeddings."""
    patience: int = Field(3, ge=1, le=1000)
    """Epochs without a better validation recall before training stops."""
    recall_at: int = Field(100, ge=1, le=100_000)
    """Length of the list whose recall is validated on held-out days; a held-out last event is looked for in 10."""
    validation_users: int = Field(10_000, ge=1)
    """Most users to validate with."""
