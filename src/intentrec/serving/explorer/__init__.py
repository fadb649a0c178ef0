"""Pages for people, under /explorer: a user's whole chain, items, releases, comparisons, and labels.

router      all pages as one router
route       what a page does when something goes wrong
access      that a change comes from a page of ours
sessions    what the browser holds instead of a key
pages       templates, headers, files; other rooms extend the templates
explorer    what every page has at hand
user        a user, from events to items; with knobs, persona, story, listing, changes, bars, edits
compare     two lists side by side; with sides, overlap
item, release, quality, svg, home, sign
labels/     people judge what was written
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter

    from intentrec.serving.holder import Holder


def routes(holder: "Holder", now: Callable[[], datetime] | None = None) -> "APIRouter":
    """Every page, to be included in the application.

    Args:
        holder: What the server serves from.
        now: The time on the wall, by default the system's.
    """
    from intentrec.serving.explorer.router import explorer_router

    return explorer_router(holder) if now is None else explorer_router(holder, now)
