"""The first page, the search from it, and users to leaf through."""

from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from intentrec.serving.api.auth import needs
from intentrec.serving.explorer.explorer import Explorer
from intentrec.serving.explorer.route import page_router
from intentrec.serving.ranking import Ranking

_SOME = 8
_PAGE = 50
_FOUND = 20


def home_routes(explorer: Explorer) -> APIRouter:
    """The pages."""
    router = page_router(needs("read"))

    @router.get("")
    @router.get("/")
    def home(request: Request) -> Response:
        ranking = explorer.ranking()
        meta = ranking.bundle.meta
        some = _there(ranking, ranking.bundle.users(limit=_SOME))
        return explorer.page(request, "home", meta=meta, users=some, query="", live_items=len(ranking.live.items))

    @router.get("/search")
    def search(request: Request, q: Annotated[str, Query(max_length=500)] = "") -> Response:
        ranking, words = explorer.ranking(), q.strip()
        values: dict[str, Any] = {"users": [], "items": []}
        if words:
            items = _items(explorer, ranking, words)
            values = {"users": _users(ranking, words), "items": items}
        return explorer.page(request, "search", **values, query=words, most=_FOUND)

    @router.get("/users")
    def users(request: Request, after: Annotated[str, Query(max_length=500)] = "") -> Response:
        ranking = explorer.ranking()
        found = ranking.bundle.users(after=after, limit=_PAGE + 1)
        more = found[_PAGE - 1] if len(found) > _PAGE else None
        values: dict[str, Any] = {"users": _there(ranking, found[:_PAGE]), "n_users": ranking.bundle.meta.n_users}
        return explorer.page(request, "users", **values, after=after, more=more)

    return router


def _there(ranking: Ranking, users: list[str]) -> list[str]:
    """Without those who were erased since the release was made."""
    return [user for user in users if not ranking.live.is_erased(user)]


def _users(ranking: Ranking, words: str) -> list[str]:
    """The user of that id, and those whose ids begin with it."""
    following = _there(ranking, ranking.bundle.users(after=words, limit=_FOUND))
    exact = [words] if ranking.knows(words) else []
    return [*exact, *(user for user in following if user.startswith(words))][:_FOUND]


def _items(explorer: Explorer, ranking: Ranking, words: str) -> list[tuple[str, str]]:
    """The item of that id, then items whose titles hold all the words: what came in since first, then by title."""
    exact = ranking.item(words)
    found = [] if exact is None else [(words, str(exact["title"]))]
    wanted = words.casefold().split()
    live = [(item.item_id, item.title) for item in ranking.live.items.values()]
    found += [(item, title) for item, title in live if all(word in title.casefold() for word in wanted)]
    manifest = explorer.holder.workspace.releases.get(ranking.bundle.meta.release)
    titles = pl.col("title").str.to_lowercase()
    hits = [titles.str.contains(word.lower(), literal=True) for word in wanted]
    stored = explorer.holder.workspace.tables.scan("items", manifest.inputs["items"]).filter(*hits)
    rows = stored.select("item_id", "title").sort("title", "item_id").head(_FOUND).collect().iter_rows()
    known = set(ranking.live.items)
    found += [(item, title) for item, title in rows if item not in known and item != words]
    return list(dict.fromkeys(found))[:_FOUND]
