"""What every page of the explorer has at hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from intentrec.errors import NotFoundError
from intentrec.serving.experiments.served import LiveExperiments
from intentrec.serving.explorer.pages import Pages
from intentrec.serving.explorer.sessions import Sessions
from intentrec.serving.holder import Holder
from intentrec.serving.ranking import Ranking


@dataclass(frozen=True)
class Explorer:
    """What pages are made from, and the time on the wall.

    Attributes:
        experiments: Which arms users are in; nothing here counts as shown to them.
    """

    holder: Holder
    sessions: Sessions
    pages: Pages
    now: Callable[[], datetime]
    experiments: LiveExperiments

    def ranking(self, release: str = "") -> Ranking:
        """The lists of a release, by default of the one that is served, with all that came in until now.

        Raises:
            NotFoundError: It was never published.
        """
        served = self.holder.ranking
        found = served if release in ("", served.bundle.meta.release) else self.holder.release(release)
        found.live.sync()
        return found

    def page(
        self, request: Request, template: str, headers: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        """See `Pages.render`."""
        return self.pages.render(request, template, headers=headers, **values)


def title_of(ranking: Ranking, item_id: str) -> str:
    """An item's title; its id where nothing is known of it."""
    found = ranking.item(item_id)
    return item_id if found is None else str(found["title"])


def must_know(ranking: Ranking, user_id: str) -> None:
    """Raise NotFoundError unless something is known of a user."""
    if not ranking.knows(user_id):
        meta = ranking.bundle.meta
        raise NotFoundError(
            f"There is no user {user_id!r} in release {meta.release} (as of {meta.as_of:%Y-%m-%d}), and nothing has "
            "come in about one since."
        )
