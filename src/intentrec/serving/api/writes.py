"""Routes that bring something in: events, items, labels."""

from asyncio import wrap_future
from typing import Any, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from intentrec.serving.api.answers import Kept, said
from intentrec.serving.api.auth import caller_of
from intentrec.serving.api.declared import declared
from intentrec.serving.api.desk import Desk
from intentrec.serving.api.incoming import LabelBatch, event_batch, item_batch
from intentrec.serving.api.problems import Problem
from intentrec.serving.api.route import Route
from intentrec.serving.operations.traces import span


def add(api: APIRouter, desk: Desk) -> None:
    """Add the routes. What they acknowledge is on disk."""
    config, store = desk.holder.config, desk.holder.store
    events: Any = event_batch(config, desk.now)
    items: Any = item_batch(config)

    @api.post("/v1/events", **declared("write", Kept, body=True, said="All events of the batch are on disk."))
    async def add_events(body: events) -> Response:
        """Take in what users did. It counts from the next request on, and reaches the tables with the next drain."""
        with span("add_events"):
            added = await wrap_future(store.queue_events(body.events))
        desk.metrics.events(added.accepted, added.duplicates)
        return said(added.model_dump())

    cast("Route", api.routes[-1]).refused = lambda problem: desk.metrics.events(refused=_bad_rows(problem))

    @api.put("/v1/items", **declared("write", Kept, body=True, said="All items of the batch are on disk."))
    async def put_items(body: items) -> Response:
        """Add items, or replace those of the same id. They can be found from the next request on."""
        added = await desk.aside(store.put_items, body.items)
        return said(added.model_dump())

    @api.post("/v1/labels", **declared("label", Kept, body=True, said="All judgements are on disk."))
    async def add_labels(request: Request, body: LabelBatch) -> Response:
        """Keep what people think of interests, tags and explanations."""
        caller = caller_of(request)
        rater, now = caller.name if caller else "", desk.now()
        added = await desk.aside(store.add_labels, [each.label(rater, now) for each in body.labels])
        return said(added.model_dump())


def _bad_rows(problem: Problem) -> int:
    """How many events a refusal is about; 1 for a batch that is none."""
    places = [fault["loc"] for fault in problem.more.get("errors", ())]
    return len({place[2] for place in places if len(place) > 2}) or 1
