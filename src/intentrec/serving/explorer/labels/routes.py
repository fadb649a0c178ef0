"""The pages on which people judge."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from intentrec.judge.criteria import CRITERIA, TASKS
from intentrec.serving.api.auth import caller_of, needs, permitted
from intentrec.serving.explorer.explorer import Explorer
from intentrec.serving.explorer.labels.evidence import evidence
from intentrec.serving.explorer.labels.given import figures, given
from intentrec.serving.explorer.labels.turns import Turn, judged_of, keep, next_of
from intentrec.serving.explorer.route import page_router
from intentrec.serving.ranking import Ranking


def label_routes(explorer: Explorer) -> APIRouter:
    """The pages."""
    router = page_router(needs("read"))
    workspace, store = explorer.holder.workspace, explorer.holder.store

    @router.get("/labels")
    def labels(request: Request, rater: Annotated[str, Query(max_length=100)] = "") -> Response:
        caller = caller_of(request)
        named = "" if caller is None or caller.name == "local" else caller.name
        return explorer.page(
            request,
            "labels",
            figures=figures(given(workspace, store.labels())),
            criteria=CRITERIA,
            tasks=TASKS,
            rater=rater or named,
            may_label=caller is not None and caller.may("label"),
        )

    @router.get("/labels/next")
    def one(request: Request, turn: Annotated[Turn, Query()]) -> Response:
        permitted(caller_of(request), "label")
        ranking = explorer.ranking()
        values = _card(explorer, ranking, turn)
        page = "_judge" if request.headers.get("hx-request") else "judge"
        return explorer.page(request, page, **values, said="Skipped." if turn.after else "")

    @router.post("/labels")
    async def judged(request: Request) -> Response:
        permitted(caller_of(request), "label")
        form = dict(await request.form())
        return await run_in_threadpool(_kept, explorer, request, form)

    return router


def _kept(explorer: Explorer, request: Request, form: dict[str, Any]) -> Response:
    """Keep what was judged, and go on to the next."""
    judged, ranking = judged_of(form), explorer.ranking()
    keep(explorer, ranking, judged, form)
    turn = Turn(task=judged.task, rater=judged.rater, after=judged.after)
    if not request.headers.get("hx-request"):
        return RedirectResponse(explorer.pages.link(request, "labels/next", **turn.model_dump()), 303)
    return explorer.page(request, "_judge", **_card(explorer, ranking, turn), said="Kept.")


def _card(explorer: Explorer, ranking: Ranking, turn: Turn) -> dict[str, Any]:
    found = next_of(explorer, ranking, turn)
    around = None if found.subject is None else evidence(ranking, found.subject)
    return {"turn": turn, "next": found, "criteria": CRITERIA[turn.task], "evidence": around}
