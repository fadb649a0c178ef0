"""Settings of the encoder."""

from typing import Literal, Self

from pydantic import Field, model_validator

from intentrec.settings import Section

Share = float
DIGITS = 4
"""Most tokens of a number that is written out."""
_NUMBERS = 3
_LEAST_TEXT = 4

HOW_HERE = frozenset({"use", "device", "retrain_days", "number_days", "narrow_steps", "served_width"})
"""Settings that do not change what is learned."""


class EncoderConfig(Section):
    """LinkedIn's road: one language model reads users and items as text and gives both a vector (arXiv 2510.14223)."""

    use: tuple[Literal["channel", "text"], ...] = ()
    """What the daily run does with it: nothing (the default), "channel" (its scores stand beside those of the towers,
    weighed on validation), "text" (its vectors of items and tags are the text features of the towers), or both."""
    model: str = Field("minilm", min_length=1, max_length=500)
    """minilm (all-MiniLM-L6-v2) or smollm2 (SmolLM2-135M-Instruct), each from an installed package, or any transformers
    model without a head: a folder or a Hugging Face id."""
    pooling: Literal["mean", "last"] = "mean"
    """A vector is the mean over all tokens, or the last token alone, which a causal model could fill as well."""
    lora_rank: int = Field(0, ge=0, le=512)
    """Rank of low-rank adapters that are trained in place of the weights and merged afterwards; 0 trains everything."""
    gradient_checkpointing: bool = False
    """Compute activations twice instead of keeping them: less memory, a third more time."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of the model. auto: bfloat16 where a GPU has it, float32 on a CPU."""
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """Where the daily run computes: auto is a GPU where there is one."""
    retrain_days: float = Field(7.0, ge=0, le=3660)
    """The daily run trains anew when the last training is so many days old; until then the same model reads what is
    new. 0 trains every time."""

    item_fields: tuple[Literal["title", "category", "brand", "description"], ...] = Field(
        ("title", "category", "brand"), min_length=1
    )
    """What is written of an item, in this order; a field that an item lacks is left out."""
    numbers: Literal["percentile", "raw", "words", "none"] = "percentile"
    """How popularity, recent demand and price are written: as a token for the percentile, as plain digits, as one of
    five words, or not at all."""
    recent_days: float = Field(28.0, gt=0, le=3660)
    """Recent demand is counted over so many days."""
    number_days: float = Field(7.0, ge=0, le=366)
    """Numbers of items are counted anew every so many days, so that each new event does not change the texts of the
    whole catalogue; 0 counts up to the moment."""
    user_attributes: tuple[str, ...] = Field((), max_length=32)
    """Columns of the users table that are written of a user."""
    history: Literal["positives", "all"] = "positives"
    """Whether a history holds what the user took, or also what was shown and passed over."""
    within_moment: bool = False
    """Whether events of one moment are history of each other, in the order of their rows: right where times are coarse
    and rows are in order, wrong for baskets."""
    item_tokens: int = Field(32, ge=4, le=4096)
    """Most tokens of an item; longer texts are cut."""
    history_tokens: int = Field(12, ge=2, le=4096)
    """Most tokens of an item in a history."""
    user_tokens: int = Field(96, ge=8, le=32_768)
    """Most tokens of a user; the latest items that fit are kept."""

    loss: Literal["infonce", "bce"] = "infonce"
    """Each pair against the items of the other pairs (InfoNCE), or each pair and each negative as a yes or no (BCE)."""
    temperature: float = Field(0.05, gt=0, le=10)
    """Cosines are divided by it."""
    hard_negatives: int = Field(2, ge=0, le=32)
    """Items for each pair that the user was shown and passed over; where there are no impressions, popular items of the
    same category that the user never took."""
    logq: bool = False
    """Take the chance with which an item comes up as another pair's negative out of its score (logQ correction)."""
    widths: tuple[Share, ...] = Field((1.0, 0.5, 0.25, 0.17), min_length=1, max_length=8)
    """Shares of the vector that must work alone, descending from 1.0 (Matryoshka); (1.0,) for the whole only."""
    narrow_steps: int = Field(400, ge=0, le=100_000)
    """Steps in which each width below 1 learns to rank as whole vectors do, after the training and without the language
    model; 0 cuts vectors as they were trained, which loses more."""
    served_width: Share = Field(1.0, gt=0, le=1)
    """Share of the vector that is indexed and searched: one of `widths`."""

    batch: int = Field(64, ge=2, le=65_536)
    """Pairs in one step over all processes: each has the others' items as negatives."""
    micro_batch: int = Field(16, ge=1, le=65_536)
    """Texts that run through the model together, sorted by length."""
    cached: bool = False
    """Run the model twice and keep no activations between (GradCache, arXiv 2101.06983): batches of any size."""
    max_pairs: int = Field(4_096, ge=1, le=1_000_000_000)
    """Most pairs of user and item in one epoch, drawn anew each time."""
    epochs: int = Field(1, ge=0, le=1000)
    """Passes; 0 leaves the model as it is."""
    rate: float = Field(1e-4, gt=0, le=1)
    """Highest learning rate, reached after `warmup` and falling to zero."""
    token_rate: float = Field(1e-3, gt=0, le=1)
    """The same for the embeddings of field and percentile tokens, which begin untrained."""
    warmup: float = Field(0.1, ge=0, le=1)
    """Share of the steps over which the learning rate rises."""
    weight_decay: float = Field(0.01, ge=0, le=1)
    """AdamW's."""
    repeats: bool = True
    """Whether taking an item again makes a pair, too."""
    moments: int = Field(8, ge=1, le=1000)
    """The log is read as of so many moments: an example sees the numbers of the latest one before it."""

    validation: Literal["window", "last"] = "window"
    """What is held out: the days before the as-of time, or the last event of each user (leave-one-out, which leaks)."""
    validation_days: float = Field(28.0, ge=0, le=366)
    """Days held out; 0 for none. The model is not trained again on them: texts of new days are read as well."""
    validation_users: int = Field(1000, ge=0, le=1_000_000)
    """Most users whose lists are validated after each epoch; 0 to hold the days out for others and validate nothing."""
    recall_at: int = Field(100, ge=1, le=100_000)
    """Length of the list whose recall is validated."""

    @model_validator(mode="after")
    def _widths_are_served(self) -> Self:
        if list(self.widths) != sorted(set(self.widths), reverse=True) or self.widths[0] != 1.0 or self.widths[-1] <= 0:
            raise ValueError("widths must fall from 1.0, each above 0 and none twice")
        if self.served_width not in self.widths:
            raise ValueError(
                f"served_width {self.served_width:g} was not trained; widths are "
                f"{', '.join(f'{width:g}' for width in self.widths)}"
            )
        return self

    @model_validator(mode="after")
    def _text_has_room(self) -> Self:
        if self.item_tokens < 1 + self.number_tokens + _LEAST_TEXT:
            raise ValueError(
                f"item_tokens {self.item_tokens} leaves fewer than {_LEAST_TEXT} for text beside "
                f"{1 + self.number_tokens} for its mark and numbers"
            )
        return self

    @property
    def number_tokens(self) -> int:
        """Tokens that an item's numbers take at most."""
        return _NUMBERS * {"none": 0, "percentile": 2, "raw": 1 + DIGITS, "words": 1 + DIGITS}[self.numbers]

    def dimensions(self, full: int) -> tuple[int, ...]:
        """The widths in numbers of coordinates, for vectors of `full` coordinates."""
        return tuple(max(1, round(share * full)) for share in self.widths)

    def served_dimension(self, full: int) -> int:
        """How many coordinates are searched."""
        return max(1, round(self.served_width * full))
