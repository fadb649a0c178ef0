"""Which live rows a release already contains."""

from datetime import datetime
from typing import Protocol


class Covering(Protocol):
    """What coverage asks of a bundle's `Meta`.

    Attributes:
        as_of: Exclusive end of what the release saw.
        created_at: When it was published.
        last_row: Greatest `row` of the events that the release read; -1 for none.
    """

    as_of: datetime
    created_at: datetime
    last_row: int
