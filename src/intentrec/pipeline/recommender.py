"""Recommendations of a release, with their reasons: what an application asks."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from pydantic import ValidationError

from intentrec.config import Config
from intentrec.errors import NotFoundError, WorkspaceError
from intentrec.pipeline.ranker import Ranker, popular_items
from intentrec.pipeline.reasons import chosen, with_reasons
from intentrec.retrieval import BetaByActivity
from intentrec.retrieval.memory import Remembered
from intentrec.tables import RECOMMENDATIONS, USERS
from intentrec.workspace import Manifest, Workspace


class Recommender:
    """Reads one release and ranks for its users. No language model takes part.

    The release is fixed when the object is made; make a new one to see a newer release.
    """

    def __init__(self, workspace: Workspace, release: str | None = None) -> None:
        self.workspace = workspace
        self.release: Manifest = workspace.releases.get(release) if release else workspace.release()
        self.config = settings_of(self.release.release, self.release.config)
        self.interests = self.read("interests")
        self.tags = self.read("tags")
        self.catalogue = self.read("catalogue")
        # Sentences made by rule say less than the rule that also knows the row's tag.
        self.explanations = self.read("explanations").filter(pl.col("verdict") == "pass", pl.col("model") != "none")
        self.events = self.read("events").filter(pl.col("timestamp") < self.release.as_of, _known_to(self.release))
        self.titles = self.read("items").select("item_id", "title")
        self.chosen = chosen(self.events, self.config.events)
        self.beta = BetaByActivity(**self.release.facts["towers"]["beta"])
        self.ranker = Ranker.build(
            self.read("vectors"),
            self.tags,
            self.beta,
            self.events,
            self.config.retrieval,
            popular_items(self.events, self.release.as_of, self.config.run.popular_days),
            catalogue=self.catalogue,
            remembered=Remembered.find(workspace.artefacts.path(self.release.artefacts["towers"])),
            as_of=self.release.as_of,
        )

    def recommend(
        self, users: Sequence[str], k: int = 10, *, filter_viewed: bool = True, items: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Items for users, best first.

        Args:
            users: User ids; one that has no history before the release gets what is popular.
            k: Most items for one user.
            filter_viewed: Leave out items that the user has had.
            items: The only items allowed, e.g. those in stock.

        Returns:
            Rows of `RECOMMENDATIONS`. Each list is filled by the quotas of its own length, so a short list need not be
            the beginning of a longer one. Users come in the order given, then rank.
        """
        frame = self.ranker.recommend(users, k, filter_viewed=filter_viewed, items=items)
        near = self.ranker.nearest(frame, self.chosen)
        frame = with_reasons(frame, near, self.interests, self.tags, self.catalogue, self.config.language)
        as_of = pl.lit(self.release.as_of).cast(pl.Datetime("us", "UTC"))
        return RECOMMENDATIONS.check(self.with_written(frame).with_columns(as_of=as_of))

    def with_written(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the sentences that a model wrote in place of those made by rule, where there are any."""
        written = self.explanations.select("interest", "item_id", pl.col("text").alias("_written"))
        frame = frame.join(written, on=["interest", "item_id"], how="left", maintain_order="left")
        return frame.with_columns(reason=pl.coalesce("_written", "reason")).drop("_written")

    def for_user(self, user: str, k: int = 10, *, filter_viewed: bool = True) -> pl.DataFrame:
        """One user's list with the titles of the items.

        Raises:
            NotFoundError: Nobody of that id has been seen.
        """
        self.must_know(user)
        rows = self.recommend([user], k, filter_viewed=filter_viewed)
        return rows.join(self.titles, on="item_id", how="left", maintain_order="left")

    def must_know(self, user: str) -> None:
        """Raise NotFoundError unless the user has events or attributes."""
        if user in self.ranker.users or user in self.attributes()["user_id"]:
            return
        raise NotFoundError(
            f"There is no user {user!r} in release {self.release.release} "
            f"(as of {self.release.as_of:%Y-%m-%d}): no events before that day and no row in the users table."
        )

    def attributes(self) -> pl.DataFrame:
        """Rows of `USERS`."""
        return self.read("users") if "users" in self.release.inputs else USERS.empty()

    def read(self, table: str) -> pl.DataFrame:
        """A table as it stands in the release."""
        return self.workspace.read_release(table, self.release)


def _known_to(release: Manifest) -> pl.Expr:
    """Events that the run read: an erasure writes the table anew, with those that came in since."""
    last = release.facts.get("run", {}).get("last_row")
    return pl.lit(value=True) if last is None else pl.col("row") <= last


def settings_of(release: str, config: Mapping[str, Any]) -> Config:
    """The settings that a release was made with.

    Raises:
        WorkspaceError: This version does not know them.
    """
    try:
        return Config.model_validate(config)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise WorkspaceError(
            f"Release {release} was made by another version of intentrec: its setting {where!r} is not known here. "
            "Run `intentrec run` again."
        ) from error
