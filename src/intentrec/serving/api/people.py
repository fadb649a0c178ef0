"""Routes about one user: why, interests and edits of them, erasure."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from starlette.responses import Response

from intentrec.errors import NotFoundError
from intentrec.serving.api.answers import AboutUser, Erasure, Evidence, Receipt, said
from intentrec.serving.api.declared import declared
from intentrec.serving.api.desk import Desk
from intentrec.serving.api.fields import Id
from intentrec.serving.api.incoming import Words
from intentrec.serving.bundle import About
from intentrec.serving.live import InterestEdit

UserId = Annotated[Id, Path(description="Who; slashes are written %2F.")]
ItemId = Annotated[Id, Path(description="Which item; slashes are written %2F.")]
InterestId = Annotated[Id, Path(description="Which interest, as `GET /v1/users/{user_id}/interests` names it.")]
ReceiptId = Annotated[Id, Path(description="The receipt, as the erasure was acknowledged with.")]
_INTERESTS = "/v1/users/{user_id:id}/interests"
_ONE = _INTERESTS + "/{interest_id:id}"


def add(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.get("/v1/users/{user_id:id}/why/{item_id:id}", **declared("read", Evidence, 404, said="The chain."))
    async def why(user_id: UserId, item_id: ItemId) -> Response:
        """The whole chain behind an item in a user's list: score, tag, interest, reason, profile lines, events."""
        chain = await desk.aside(desk.ranking().why, user_id, item_id)
        return said(chain.as_dict())

    @api.delete("/v1/users/{user_id:id}", **declared("erase", Receipt, status=202, said="Nothing is served any more."))
    async def erase(user_id: UserId) -> Response:
        """Erase a user, known or not. The answer's receipt says when tables, bundles and files are cleared, too."""
        receipt = await desk.aside(desk.holder.store.erase, user_id)
        return said({"receipt": receipt}, 202, {"Location": f"/v1/erasures/{receipt}"})

    @api.get("/v1/erasures/{receipt:id}", **declared("erase", Erasure, 404, said="How far it is."))
    async def erasure(receipt: ReceiptId) -> Response:
        """How far an erasure is. It names nobody."""
        status = await desk.aside(desk.holder.store.erasure, receipt)
        return said(status.model_dump(exclude={"failed"}) | {"tried_again": status.failed is not None})

    _add_interests(api, desk)


def _add_interests(api: APIRouter, desk: Desk) -> None:
    @api.get(_INTERESTS, **declared("read", AboutUser, 404, said="What is written about the user."))
    async def interests(user_id: UserId) -> Response:
        """A user's interests and tags as they stand now, edits and refreshes of the day included."""
        return said(await desk.aside(_known, desk, user_id))

    @api.post(_INTERESTS, **declared("write", AboutUser, body=True, said="The interests with the new one."))
    async def add_interest(user_id: UserId, body: Words) -> Response:
        """Add an interest in the user's own words; its one tag is made of them."""
        return said(await desk.aside(_edited, desk, user_id, "add", None, body.text))

    @api.put(_ONE, **declared("write", AboutUser, 404, body=True, said="The interests as they stand now."))
    async def reword_interest(user_id: UserId, interest_id: InterestId, body: Words) -> Response:
        """Say an interest in other words; they are its one tag from now on."""
        return said(await desk.aside(_edited, desk, user_id, "reword", interest_id, body.text))

    @api.delete(_ONE, **declared("write", AboutUser, 404, said="The interests without it."))
    async def remove_interest(user_id: UserId, interest_id: InterestId) -> Response:
        """Take an interest away, and its tags with it."""
        return said(await desk.aside(_edited, desk, user_id, "remove", interest_id, None))


def _known(desk: Desk, user_id: str) -> dict[str, object]:
    if not desk.ranking().knows(user_id):
        raise NotFoundError(f"There is no user {user_id!r}.")
    return _standing(desk, user_id)


def _standing(desk: Desk, user_id: str) -> dict[str, object]:
    about = desk.ranking().about(user_id) or About(user_id, None, [], [])
    return {"user_id": user_id, "interests": about.interests, "tags": about.tags}


def _edited(
    desk: Desk, user_id: str, action: Literal["remove", "reword", "add"], interest_id: str | None, text: str | None
) -> dict[str, object]:
    if interest_id is not None:
        about = desk.ranking().about(user_id)
        if about is None or all(each["interest_id"] != interest_id for each in about.interests):
            raise NotFoundError(f"User {user_id!r} has no interest {interest_id!r}.")
    edit = InterestEdit(user_id=user_id, action=action, interest_id=interest_id, text=text, at=desk.now())
    desk.holder.store.edit_interest(edit)
    return _standing(desk, user_id)
