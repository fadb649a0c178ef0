"""Routes that answer with a list of items."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from intentrec.serving.api.answers import ItemList, Listed, UserList, WishList, listed
from intentrec.serving.api.asks import ChannelQuery, ListQuery, up_to
from intentrec.serving.api.declared import declared
from intentrec.serving.api.desk import Desk
from intentrec.serving.api.fields import Id
from intentrec.serving.api.gate import request_id
from intentrec.serving.api.wants import WishBody, history_body
from intentrec.serving.experiments.served import Choice
from intentrec.serving.ranking import Answer, Ask, Ranking

UserId = Annotated[Id, Path(description="Whose list; slashes are written %2F.")]
ItemId = Annotated[Id, Path(description="Which item; slashes are written %2F.")]


def add(api: APIRouter, desk: Desk) -> None:
    """Add the routes that are about a user or an item, those called most first."""
    max_k = desk.holder.config.serving.max_k
    options: Any = Annotated[up_to(ListQuery, max_k), Query()]
    of_channel: Any = Annotated[up_to(ChannelQuery, max_k), Query()]

    @api.get("/v1/users/{user_id:id}/recommendations", **declared("read", UserList, said="The list."))
    async def recommendations(request: Request, user_id: UserId, query: options) -> Response:
        """Items for a user, best first.

        Events, new items and edits count as soon as they were acknowledged. A user that nobody knows gets what is
        popular, and `source` says so. A user who takes part in an experiment gets what the arm says, unless the
        request names an option that an arm sets.
        """
        ask, now = query.ask(), desk.now()
        choice = desk.arms.choice(user_id, query.model_fields_set, now)
        if choice.placed:
            answer, placed = await _by_choice(desk, user_id, ask, choice)
            shown = desk.arms.shown(choice, user_id, now, request_id(request), answer.release) if placed else {}
            return listed(answer, user_id=user_id, experiments=shown)
        return listed(await _for_user(desk, desk.ranking(), user_id, ask), user_id=user_id)

    @api.get("/v1/items/{item_id:id}/similar", **declared("read", ItemList, 404, said="The list."))
    async def similar(item_id: ItemId, query: options) -> Response:
        """Items that are like an item, nearest first."""
        answer = await desk.aside(desk.ranking().similar, item_id, query.ask())
        desk.metrics.answers(answer.source)
        return listed(answer, item_id=item_id)

    @api.get("/v1/users/{user_id:id}/candidates", **declared("read", UserList, 404, said="The candidates."))
    async def candidates(user_id: UserId, query: of_channel) -> Response:
        """Candidates of one channel with its own scores, for a ranker of your own further on."""
        answer = await desk.aside(desk.ranking().channel, query.channel, user_id, query.ask())
        desk.metrics.answers(answer.source)
        return listed(answer, user_id=user_id)

    _add_from_bodies(api, desk)


async def _for_user(desk: Desk, ranking: Ranking, user_id: str, ask: Ask) -> Answer:
    answer = ranking.at_hand(user_id, ask)
    if answer is None:
        answer = await desk.aside(ranking.for_user, user_id, ask)
    desk.metrics.answers(answer.source)
    return answer


async def _by_choice(desk: Desk, user_id: str, ask: Ask, choice: Choice) -> tuple[Answer, bool]:
    """What the arms say, and whether it could be served as they say."""
    ranking = desk.ranking() if choice.release is None else desk.holder.opened(choice.release)
    if ranking is not None and choice.channel is None:
        return await _for_user(desk, ranking, user_id, choice.shaped(ask)), True
    answer = await desk.aside(desk.arms.answer, desk.holder, choice, user_id, ask)
    if answer is None:
        return await _for_user(desk, desk.ranking(), user_id, ask), False
    desk.metrics.answers(answer.source)
    return answer, True


def _add_from_bodies(api: APIRouter, desk: Desk) -> None:
    history: Any = history_body(desk.holder.config, desk.now)
    wishes: Any = up_to(WishBody, desk.holder.config.serving.max_k)

    @api.post("/v1/recommendations", **declared("read", Listed, body=True, said="The list."))
    async def for_history(body: history) -> Response:
        """Items for somebody who is known by the events in this request alone. Nothing of them is kept."""
        answer = await desk.aside(desk.ranking().for_history, body.live_events(desk.now()), body.ask())
        desk.metrics.answers(answer.source)
        return listed(answer)

    @api.post("/v1/wishes", **declared("read", WishList, body=True, said="The list."))
    async def for_wishes(body: wishes) -> Response:
        """Items for stated wishes: each is read as a tag. With a `user_id`, what that user did counts, too."""
        ranking = desk.ranking()
        answer = await desk.aside(ranking.for_wishes, body.wishes, body.ask(), body.user_id)
        desk.metrics.answers(answer.source)
        return listed(answer, user_id=body.user_id)
