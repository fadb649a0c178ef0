"""An item's page: what it is, what is like it, and who gets it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from intentrec.errors import NotFoundError
from intentrec.serving.api.auth import needs
from intentrec.serving.explorer.explorer import Explorer, must_know, title_of
from intentrec.serving.explorer.listing import listing
from intentrec.serving.explorer.route import page_router
from intentrec.serving.ranking import Ask

_SIMILAR = 12
_AUDIENCE = 20
Id = Annotated[str, Query(min_length=1, max_length=500)]


def item_routes(explorer: Explorer) -> APIRouter:
    """The pages."""
    router = page_router(needs("read"))

    @router.get("/item")
    def item(request: Request, item_id: Annotated[Id, Query(alias="id")]) -> Response:
        ranking = explorer.ranking()
        found = ranking.item(item_id)
        if found is None:
            raise NotFoundError(f"There is no item {item_id!r} in release {ranking.bundle.meta.release}.")
        return explorer.page(
            request,
            "item",
            item_id=item_id,
            title=title_of(ranking, item_id),
            attributes=_attributes(found),
            live=item_id in ranking.live.items,
            similar=listing(ranking.similar(item_id, Ask(k=_SIMILAR))),
            audience=ranking.audience(item_id, _AUDIENCE),
            release=ranking.bundle.meta.release,
        )

    @router.get("/why")
    def why(request: Request, user: Id, item: Id) -> Response:
        ranking = explorer.ranking()
        must_know(ranking, user)
        return explorer.page(request, "why", chain=ranking.why(user, item))

    return router


def _attributes(item: dict[str, Any]) -> list[tuple[str, str]]:
    """Everything but the title, as text; what has no value is left out."""
    shown = ((name, value) for name, value in item.items() if name != "title" and value not in (None, ""))
    return [(name.replace("_", " "), str(value)) for name, value in shown]
