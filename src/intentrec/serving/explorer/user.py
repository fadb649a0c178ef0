"""A user's page: the chain from events to items, what can be turned about it, and what can be edited."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from intentrec.serving.api.auth import caller_of, needs, permitted
from intentrec.serving.explorer.edits import Sent, keep, told
from intentrec.serving.explorer.explorer import Explorer, must_know
from intentrec.serving.explorer.knobs import (
    MOST_DIVERSITY,
    Knobs,
    ask_of,
    at_rest,
    at_rest_beta,
    at_rest_diversity,
)
from intentrec.serving.explorer.listing import listing
from intentrec.serving.explorer.persona import Persona, persona
from intentrec.serving.explorer.route import page_router
from intentrec.serving.ranking import Ranking


def user_routes(explorer: Explorer) -> APIRouter:
    """The pages."""
    router = page_router(needs("read"))

    @router.get("/user")
    def whole(request: Request, knobs: Annotated[Knobs, Query()]) -> Response:
        ranking = explorer.ranking()
        must_know(ranking, knobs.id)
        return explorer.page(request, "user", **_whole(explorer, request, ranking, knobs))

    @router.get("/user/list")
    def ranked(request: Request, knobs: Annotated[Knobs, Query()]) -> Response:
        ranking = explorer.ranking()
        must_know(ranking, knobs.id)
        values = _listed(explorer, ranking, knobs)
        return explorer.page(request, "_reranked", _address(explorer, request, knobs), **values, partial=True)

    @router.get("/user/evidence")
    def evidence(request: Request, knobs: Annotated[Knobs, Query()]) -> Response:
        ranking = explorer.ranking()
        must_know(ranking, knobs.id)
        values = _told(request, persona(ranking, knobs), knobs)
        return explorer.page(request, "_evidence", _address(explorer, request, knobs), **values, partial=True)

    @router.post("/user/interests")
    def edited(request: Request, sent: Annotated[Sent, Form()]) -> Response:
        permitted(caller_of(request), "write")
        ranking = explorer.ranking()
        must_know(ranking, sent.id)
        ask = ask_of(sent, ranking, explorer.holder.config.serving.max_k)
        before, said = ranking.for_user(sent.id, ask), told(sent, persona(ranking, sent))
        keep(explorer, sent)
        if not request.headers.get("hx-request"):
            return RedirectResponse(explorer.pages.link(request, "user", **sent.knobs().query()), 303)
        ranking = explorer.ranking()
        shown = listing(ranking.for_user(sent.id, ask), before)
        values = _told(request, persona(ranking, sent), sent) | {"edited": said, "list": shown, "partial": True}
        return explorer.page(request, "_edited", **values, said=f"{said} {shown.changed}")

    return router


def _whole(explorer: Explorer, request: Request, ranking: Ranking, knobs: Knobs) -> dict[str, Any]:
    story = persona(ranking, knobs)
    rest = {"beta": at_rest_beta(ranking, knobs.id), "diversity": at_rest_diversity(ranking)}
    given = {"beta": knobs.beta, "diversity": knobs.diversity}
    return {
        **_told(request, story, knobs),
        **_listed(explorer, ranking, knobs),
        "known": _known(explorer, ranking, story, knobs.id),
        "rest": rest,
        "turned": {name: rest[name] if value is None else value for name, value in given.items()},
        "most": explorer.holder.config.serving.max_k,
        "most_diversity": MOST_DIVERSITY,
        "categories": ranking.bundle.meta.categories,
        "partial": False,
        "experimental": bool(explorer.experiments.choice(knobs.id, explorer.now()).placed),
    }


def _told(request: Request, story: Persona, knobs: Knobs) -> dict[str, Any]:
    caller = caller_of(request)
    may_edit = caller is not None and caller.may("write")
    return {"story": story, "knobs": knobs, "may_edit": may_edit, "edited": ""}


def _listed(explorer: Explorer, ranking: Ranking, knobs: Knobs) -> dict[str, Any]:
    """The list; where beta or diversity were turned, marked against what stands there otherwise."""
    most = explorer.holder.config.serving.max_k
    ask, rest = ask_of(knobs, ranking, most), at_rest(knobs, ranking, most)
    answer = ranking.for_user(knobs.id, ask)
    before = None if ask == rest else ranking.for_user(knobs.id, rest)
    shown = listing(answer, before)
    said = (
        f"Against the list as it is served: {shown.changed}"
        if shown.changed
        else "Beta and diversity as they are served."
    )
    return {"list": shown, "knobs": knobs, "said": said}


def _known(explorer: Explorer, ranking: Ranking, story: Persona, user_id: str) -> list[tuple[str, str]]:
    meta, live = ranking.bundle.meta, len(ranking.live.numbered(user_id))
    facts = [("release", f"{meta.release}, as of {meta.as_of:%Y-%m-%d}"), ("events", f"{story.timeline.total:,}")]
    facts += [("since the release", f"{live:,}")] if live else []
    facts.append(("interests", str(len(story.interests))))
    facts.append(("tags", str(sum(len(interest.tags) for interest in story.interests))))
    placed = explorer.experiments.choice(user_id, explorer.now()).placed
    return facts + [("experiment", f"{each.experiment}: {each.arm}") for each in placed]


def _address(explorer: Explorer, request: Request, knobs: Knobs) -> Mapping[str, str]:
    """The address of the page as it stands, so that it can be kept and sent on."""
    return {"HX-Replace-Url": explorer.pages.link(request, "user", **knobs.query())}
