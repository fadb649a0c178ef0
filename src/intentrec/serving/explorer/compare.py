"""The page that puts two lists side by side."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from intentrec.serving.api.auth import needs
from intentrec.serving.explorer.explorer import Explorer
from intentrec.serving.explorer.overlap import Overlap
from intentrec.serving.explorer.route import page_router
from intentrec.serving.explorer.sides import SERVED, Sides, compared


def compare_routes(explorer: Explorer) -> APIRouter:
    """The page."""
    router = page_router(needs("read"))

    @router.get("/compare")
    def compare(request: Request, sides: Annotated[Sides, Query()]) -> Response:
        published = explorer.holder.workspace.releases.list()
        values: dict[str, Any] = {"found": None, "facts": []}
        if sides.left_user:
            found = compared(sides, explorer.ranking, explorer.holder.config.serving.max_k)
            values = {"found": found, "facts": _facts(found.overlap, len(found.left), len(found.right))}
        return explorer.page(
            request,
            "compare",
            **values,
            sides=sides,
            releases=[manifest.release for manifest in reversed(published)],
            systems=[SERVED, *explorer.ranking().channels],
        )

    return router


def _facts(found: Overlap, left: int, right: int) -> list[tuple[str, str]]:
    def shown(value: float | None, form: str) -> str:
        return "none" if value is None else format(value, form)

    return [
        ("in both", f"{found.shared} of {left} and {right}"),
        ("Jaccard", shown(found.jaccard, ".2f")),
        ("rank-biased overlap", shown(found.rank_biased, ".2f")),
        ("mean shift", shown(found.mean_shift, ".1f")),
    ]
