"""The metrics, with the names of RecGPT's online tables (arXiv 2507.22879, section on online results; 2512.14503)."""

from dataclasses import dataclass

from intentrec.serving.experiments.definition import Metric


@dataclass(frozen=True)
class Measure:
    """How a metric is made from the measured columns of users.

    Attributes:
        top: Column whose mean over users it is, or the upper side of a ratio of sums.
        bottom: Column of the lower side; None for a mean.
        meaning: One line.
    """

    top: str
    bottom: str | None
    meaning: str


MEASURES: dict[Metric, Measure] = {
    "CTR": Measure("clicks", "showings", "clicks over showings, both summed over users"),
    "IPV": Measure("views", None, "item page views a user"),
    "DT": Measure("dwell", None, "dwell time a user, in seconds"),
    "EICD": Measure("shown_categories", None, "different categories of the items shown to a user"),
    "CICD": Measure("clicked_categories", None, "different categories of the items that a user clicked"),
    "DCAU": Measure("click_days", None, "days with a click a user"),
    "ATC": Measure("carts", None, "add-to-cart events a user"),
    "TC": Measure("purchases", None, "purchases a user"),
    "GMV": Measure("spent", None, "money spent a user"),
}
BEFORE = "before_"
"""Prefix of the same columns in the time before the first exposure."""
