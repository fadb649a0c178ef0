"""All pages as one router."""

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from intentrec.serving.experiments.exposures import ExposureLog
from intentrec.serving.experiments.served import LiveExperiments
from intentrec.serving.explorer.compare import compare_routes
from intentrec.serving.explorer.explorer import Explorer
from intentrec.serving.explorer.home import home_routes
from intentrec.serving.explorer.item import item_routes
from intentrec.serving.explorer.labels.routes import label_routes
from intentrec.serving.explorer.pages import Pages, asset_response
from intentrec.serving.explorer.release import release_routes
from intentrec.serving.explorer.route import page_router
from intentrec.serving.explorer.sessions import Sessions
from intentrec.serving.explorer.sign import sign_routes
from intentrec.serving.explorer.user import user_routes
from intentrec.serving.holder import Holder

_PARTS = (home_routes, user_routes, item_routes, compare_routes, release_routes, label_routes, sign_routes)


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def explorer_router(holder: Holder, now: Callable[[], datetime] = _wall_clock) -> APIRouter:
    """Every page of the explorer, under /explorer."""
    unwritten = ExposureLog(lambda exposures: None)  # who looks at a page is not the user it is about
    experiments = LiveExperiments(holder.config.serving.experiments.named, unwritten)
    explorer = Explorer(holder, Sessions.of(holder), Pages(), now, experiments)
    router = APIRouter()
    for part in _PARTS:
        router.include_router(part(explorer))
    router.include_router(_files())
    return router


def _files() -> APIRouter:
    router = page_router()

    @router.get("/static/{name}")
    def file(request: Request, name: str) -> Response:
        return asset_response(name)

    return router
