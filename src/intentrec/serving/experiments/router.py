"""Experiments over REST and as pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from intentrec.serving.api.answers import said
from intentrec.serving.api.auth import needs
from intentrec.serving.api.declared import declared
from intentrec.serving.api.fields import Id
from intentrec.serving.api.route import Route
from intentrec.serving.experiments.record import AnalysisRecord, ExperimentRecord, record, short
from intentrec.serving.experiments.reports import Reports
from intentrec.serving.experiments.view import view
from intentrec.serving.explorer.pages import Pages
from intentrec.serving.explorer.route import page_router
from intentrec.serving.holder import Holder

_PACKAGE = "intentrec.serving.experiments"
Clock = Callable[[], datetime]
Name = Annotated[Id, Path(description="Which experiment, as `GET /v1/experiments` lists them.")]


class ExperimentList(BaseModel):
    """What `[serving.experiments]` defines."""

    experiments: list[ExperimentRecord]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def routes(holder: Holder, now: Clock | None = None) -> APIRouter:
    """`/v1/experiments` and `/explorer/experiments`.

    Args:
        holder: What the server serves from.
        now: The time on the wall, by default the system's.
    """
    now = now or _utc_now
    reports = Reports(holder.workspace, holder.config.serving)
    router = APIRouter()
    router.include_router(_api(holder, reports, now))
    router.include_router(_pages(holder, reports, now))
    return router


def _listed(holder: Holder, now: datetime) -> list[ExperimentRecord]:
    return [short(name, each, now) for name, each in holder.config.serving.experiments.named.items()]


def _api(holder: Holder, reports: Reports, now: Clock) -> APIRouter:
    router = APIRouter(route_class=Route, tags=["experiments"])

    @router.get("/v1/experiments", **declared("read", ExperimentList, said="The experiments."))
    async def experiments() -> Response:
        """The experiments that are defined, and whether they run."""
        return said(ExperimentList(experiments=_listed(holder, now())).model_dump(mode="json"))

    @router.get("/v1/experiments/{name:id}", **declared("read", AnalysisRecord, 404, said="The report."))
    async def experiment(name: Name) -> Response:
        """One experiment's report, at most a minute old: sizes, metrics, guardrails at every day's end, and a verdict.

        Intervals and p-values are valid however often they are looked at.
        """
        found = await run_in_threadpool(reports.get, name, now())
        return said(record(found).model_dump(mode="json"))

    return router


def _pages(holder: Holder, reports: Reports, now: Clock) -> APIRouter:
    router, pages = page_router(needs("read")), Pages(_PACKAGE)

    @router.get("/experiments")
    def experiments(request: Request) -> Response:
        return pages.render(request, "experiments", listed=_listed(holder, now()))

    @router.get("/experiment")
    def experiment(request: Request, name: Annotated[str, Query(max_length=100)]) -> Response:
        return pages.render(request, "experiment", it=view(reports.get(name, now())))

    return router
