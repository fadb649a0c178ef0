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
    async def labels(request: Request, rater: Annotated[str, Query(max_length=100)] = "") -> Response:
        caller = caller_of(request)
        named = "" if caller is None or caller.name == "local" else caller.name
        return explorer.page(
            request,
            "labels",
            figures=await run_in_threadpool(lambda: figures(given(workspace, store.labels()))),
            criteria=CRITERIA,
            tasks=TASKS,
            rater=rater or named,
            may_label=caller is not None and caller.may("label"),
        )

    @router.get("/labels/next")
    async def one(request: Request, turn: Annotated[Turn, Query()]) -> Response:
        permitted(caller_of(request), "label")
        ranking = explorer.ranking()
        values = await run_in_threadpool(_card, explorer, ranking, turn)
        page = "_judge" if request.headers.get("hx-request") else "judge"
        return explorer.page(request, page, **values, said="Skipped." if turn.after else "")

    @router.post("/labels")
    async def judged(request: Request) -> Response:
        permitted(caller_of(request), "label")
        form, ranking = dict(await request.form()), explorer.ranking()
        given_now = judged_of(form)
        await run_in_threadpool(keep, explorer, ranking, given_now, form)
        turn = Turn(task=given_now.task, rater=given_now.rater, after=given_now.after)
        if not request.headers.get("hx-request"):
            return RedirectResponse(explorer.pages.link(request, "labels/next", **turn.model_dump()), 303)
        return explorer.page(request, "_judge", **await run_in_threadpool(_card, explorer, ranking, turn), said="Kept.")

    return router


def _card(explorer: Explorer, ranking: Ranking, turn: Turn) -> dict[str, Any]:
    found = next_of(explorer, ranking, turn)
    around = None if found.subject is None else evidence(ranking, found.subject)
    return {"turn": turn, "next": found, "criteria": CRITERIA[turn.task], "evidence": around}
