"""A release as its readers meet it: mapped files, one look-up an answer."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.retrieval import ItemIndex
from intentrec.serving.bundle.about import About
from intentrec.serving.bundle.layout import Meta
from intentrec.serving.bundle.lists import StoredList


class Bundle:
    """One release in memory-mapped files; see `Bundle.open`.

    Attributes:
        folder: Where it lies.
        meta: What it is.
        index: Items under their vectors, ids ascending, with the engine that was built for them.
    """

    folder: Path
    meta: Meta
    index: ItemIndex

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map a bundle; nothing is read that is not asked for.

        Raises:
            WorkspaceError: There is none, it is damaged, or another version of intentrec wrote it.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give the files back; the bundle answers nothing after that. May be called twice."""
        raise NotImplementedError

    def item_row(self, item_id: str) -> int | None:
        """Row of an item in all arrays; None for one that the release does not know."""
        raise NotImplementedError

    def item(self, row: int) -> dict[str, Any]:
        """What is known of an item: item_id, title, and category, brand, price and further attributes where given."""
        raise NotImplementedError

    def user_row(self, user_id: str) -> int | None:
        """Row of a user with a vector; None for others."""
        raise NotImplementedError

    def knows(self, user_id: str) -> bool:
        """Whether the user has events or attributes in the release."""
        raise NotImplementedError

    def users(self, after: str = "", limit: int = 50) -> list[str]:
        """Ids of users with events, ascending, that follow `after`."""
        raise NotImplementedError

    def stored(self, user_id: str) -> StoredList | None:
        """The user's list as it was stored; None for a user without one."""
        raise NotImplementedError

    def history(self, user_id: str) -> pl.DataFrame:
        """The user's latest events and those that interests rest on, in time order: columns of `EVENTS`."""
        raise NotImplementedError

    def seen(self, user_id: str) -> NDArray[np.int64]:
        """Rows of the items that the user had an event with, ascending."""
        raise NotImplementedError

    def about(self, user_id: str) -> About | None:
        """Profile, interests and tags; None for a user of whom nothing is written."""
        raise NotImplementedError

    def explanation(self, interest: str, item_id: str) -> str | None:
        """The sentence that was written for an interest and an item; None where there is none."""
        raise NotImplementedError
