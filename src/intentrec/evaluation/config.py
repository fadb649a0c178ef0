"""Settings of the comparison: protocol, metrics, baselines with their search spaces, resampling."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from intentrec.settings import Section

BaselineName = Literal["popularity", "itemknn", "ease", "ials"]
Targets = Literal["window", "last", "successive"]
ViewName = Literal["all", "new", "repeat", "known"]
Days = Annotated[float, Field(gt=0, le=36_500)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
Positive = Annotated[float, Field(gt=0, le=1e6)]

HALF_LIVES: tuple[float, ...] = (60.0, 180.0, 36_500.0)


class PopularitySpace(Section):
    """What is tried for popularity of the last days."""

    days: tuple[Days, ...] = Field(default=(3.0, 7.0, 14.0, 28.0, 56.0, 112.0, 365.0), min_length=1)
    """Length of the window before the cut."""


class ItemKNNSpace(Section):
    """What is tried for ItemKNN."""

    neighbours: tuple[Count, ...] = Field(default=(10, 20, 50, 200), min_length=1)
    """Nearest items kept for each item of the history."""

    shrinkage: tuple[Weight, ...] = Field(default=(10.0,), min_length=1)
    """Added to the product of lengths under the cosine."""

    half_life_days: tuple[Days, ...] = Field(default=HALF_LIVES, min_length=1)
    """Days after which an event counts half; 36500 counts all alike."""


class EASESpace(Section):
    """What is tried for EASE."""

    regularisation: tuple[Positive, ...] = Field(default=(20.0, 50.0, 200.0, 1000.0), min_length=1)
    """Added to the diagonal of the Gram matrix."""

    half_life_days: tuple[Days, ...] = Field(default=HALF_LIVES, min_length=1)
    """Days after which an event counts half; 36500 counts all alike."""


class IALSSpace(Section):
    """What is tried for iALS."""

    factors: tuple[Count, ...] = Field(default=(64, 256), min_length=1)
    """Width of the factors."""

    regularisation: tuple[Positive, ...] = Field(default=(20.0, 40.0, 80.0), min_length=1)
    """Weight of the factors' squared length."""

    alpha: tuple[Positive, ...] = Field(default=(20.0,), min_length=1)
    """Confidence of a pair of strength 1; its ratio to the regularisation matters most."""

    half_life_days: tuple[Days, ...] = Field(default=(90.0, 36_500.0), min_length=1)
    """Days after which an event counts half; 36500 counts all alike."""


class EvaluationConfig(Section):
    """How systems are compared."""

    protocol: Literal["time", "leave-one-out", "column"] = "time"
    """time: learn before one moment, foresee the window after it; leave-one-out: each user's last event (leaky, only to
    compare with old tables); column: the log itself says train, validation or test."""

    window_days: Days = 28.0
    """Length of the test window, and of the validation window before it."""

    split_column: str = Field(default="split", min_length=1)
    """Column of the events that protocol "column" follows."""

    targets: Targets = "window"
    """What must be found after the cut. window: everything a user touches in the window, with one list made at the cut,
    which is what a daily list must serve; every system can answer it, and it costs one list a user, hence the default.
    last and successive (Time to Split, arXiv 2507.16289): what was touched at the user's last moment, or at each moment
    in turn, with all that was before it as history; what next-item models are trained for. They need systems that have
    `with_histories`, and successive costs a list for each moment. Leave-one-out has one target whatever stands here."""

    moments_per_user: int = Field(default=10, ge=1, le=10_000)
    """Most moments of one user that successive targets look at, the latest ones; 1 is the same as last."""

    leave_one_out_order: Literal["row", "time"] = "row"
    """Which event is a user's last in leave-one-out: row: the one that the log names last, as in published sequence
    files, whose times are too coarse to say; time: the latest, and the one named last of those."""

    ks: tuple[Count, ...] = Field(default=(5, 10, 50, 100, 500), min_length=1)
    """List lengths at which metrics are taken."""

    views: tuple[ViewName, ...] = Field(default=("all", "new", "repeat", "known"), min_length=1)
    """What counts as a target: all, new (seen items filtered), repeat, known (users with history)."""

    activity: tuple[Count, ...] = (5, 20, 100)
    """Upper ends of the users' strata, in events before the cut: 1-5, 6-20, 21-100, more than 100."""

    debias_gamma: float = Field(default=0.5, ge=0, le=2)
    """Exponent of popularity in the propensity of debiased NDCG; 0 gives the plain NDCG of all users together."""

    tag_places: Count = 30
    """Tags looked at by the hit rate of tags (RecGPT-V1, section 1.3: 30)."""

    baselines: tuple[BaselineName, ...] = ("popularity", "itemknn", "ease", "ials")
    """Systems to compare with, each tuned on the validation window."""

    trials: int = Field(default=12, ge=1, le=1_000)
    """Settings tried for each baseline: its whole grid, or this many of it, drawn with `seed`."""

    tuning_k: Count = 100
    """Tuning takes the setting of highest recall at this length."""

    tuning_users: int = Field(default=20_000, ge=1, le=10_000_000)
    """Most validation users that tuning looks at, drawn with `seed`."""

    strangers: Literal["nothing", "popularity"] = "popularity"
    """What a personal baseline gives to a user without earlier events: nothing, which counts as a miss, or the list of
    popularity, as a shop would do. View "known" compares without these users."""

    popularity: PopularitySpace = PopularitySpace()
    """Search space of popularity."""

    itemknn: ItemKNNSpace = ItemKNNSpace()
    """Search space of ItemKNN."""

    ease: EASESpace = EASESpace()
    """Search space of EASE."""

    ials: IALSSpace = IALSSpace()
    """Search space of iALS."""

    samples: int = Field(default=2_000, ge=100, le=1_000_000)
    """Draws of the bootstrap over users."""

    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    """Of the intervals."""

    seed: int = Field(default=0, ge=0)
    """Of the search, the first factors of iALS and the bootstrap."""

    memory_limit_gb: float = Field(default=4.0, gt=0, le=10_000)
    """A baseline that would need more refuses to start, and so does a comparison whose own arrays would."""

    @field_validator("activity")
    @classmethod
    def _ascending(cls, ends: tuple[int, ...]) -> tuple[int, ...]:
        if list(ends) != sorted(set(ends)):
            raise ValueError("must be ascending, each number once, such as [5, 20, 100]")
        return ends
