"""Settings of the comparison: protocol, metrics, baselines with their search spaces, resampling."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from intentrec.evaluation.spaces import (
    BM25Space,
    ContentSpace,
    EASESpace,
    IALSSpace,
    ItemKNNSpace,
    PopularitySpace,
    TransitionsSpace,
    TwoTowerSpace,
)
from intentrec.settings import Section

BaselineName = Literal["popularity", "itemknn", "ease", "ials", "transitions", "bm25", "content", "twotower"]
Targets = Literal["window", "last", "successive"]
ViewName = Literal["all", "new", "repeat", "known"]
Days = Annotated[float, Field(gt=0, le=36_500)]
Count = Annotated[int, Field(ge=1, le=10_000)]


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
    """Settings tried for each baseline, the same number for all: its whole grid where that is no larger, or what a
    tree-structured Parzen estimator (optuna) proposes, begun with `seed`."""

    tuning_k: Count = 100
    """Tuning takes the setting of highest recall at this length."""

    tuning_view: Literal["all", "new"] = "all"
    """What tuning must foresee: all targets with nothing filtered, or new ones with seen items left out."""

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

    transitions: TransitionsSpace = TransitionsSpace()
    """Search space of the graph of transitions."""

    bm25: BM25Space = BM25Space()
    """Search space of BM25 over titles."""

    content: ContentSpace = ContentSpace()
    """Search space of the cosine of titles' vectors."""

    twotower: TwoTowerSpace = TwoTowerSpace()
    """Search space of the plain two-tower."""

    samples: int = Field(default=2_000, ge=100, le=1_000_000)
    """Draws of the bootstrap over users."""

    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    """Of the intervals."""

    seed: int = Field(default=0, ge=0)
    """Of the search, the first weights of iALS and the two-tower, and the bootstrap."""

    memory_limit_gb: float = Field(default=4.0, gt=0, le=10_000)
    """A baseline that would need more refuses to start, and so does a comparison whose own arrays would."""

    @field_validator("activity")
    @classmethod
    def _ascending(cls, ends: tuple[int, ...]) -> tuple[int, ...]:
        if list(ends) != sorted(set(ends)):
            raise ValueError("must be ascending, each number once, such as [5, 20, 100]")
        return ends
