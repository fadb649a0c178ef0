"""Options of the tag stage with a real model: best of several answers, hints beside an interest, planned personas."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import polars as pl

from benchmarks.alignment.judged import PLACES, Line
from benchmarks.alignment.shops import Shop
from benchmarks.alignment.tag_figures import hit_figures
from benchmarks.alignment.writers import Writer
from intentrec.llm import LedgeredModel, open_model
from intentrec.pipeline.align_measure import Later
from intentrec.pipeline.align_writers import adapted
from intentrec.pipeline.asking import Asking
from intentrec.pipeline.chain import Tools, make_tags
from intentrec.progress import Progress
from intentrec.tags.predict import Mode

Changes = Mapping[str, Any]
ALIGNED: Mapping[str, Changes] = {
    "one answer": {},
    "best of 2": {"best_of": 2},
    "best of 4": {"best_of": 4},
}
"""Of an aligned model: all answers but the first are drawn, and that with most tags that pass the gate is taken."""
FREE: Mapping[str, Changes] = {
    "no hints": {"hints": "none"},
    "the rules' shortlist": {"hints": "shortlist"},
    "what followers took": {"hints": "followers"},
    "all interests at once": {"mode": "whole", "hints": "none"},
    "planned personas": {"mode": "whole", "hints": "none", "planner": True},
}
"""Of a model that writes after examples."""

NOBODY = "none"
"""Writes the tags of rules, which a user of whom the model's do not pass gets all the same."""
FEW: Changes = {"max_tags": 20, "personas": 2, "expert_tags": 8}
"""So that a 1.5B model on two cores takes a minute a user for a plan, its experts and the arbiter."""


def figures_of(shop: Shop, asking: Asking, writer: Writer, users: int, few: Changes, progress: Progress) -> list[Line]:
    """For each option: tags of a user that pass the gate, requests, and what these tags hit of what was bought later.

    Args:
        shop: Where the questions come from.
        asking: Of its users, of whom the first are asked about.
        writer: A model with an adapter for tags, which is asked in short, or one without, which writes after examples.
        users: How many.
        few: Settings of the stage for every option, such as those that keep the cost of a large model down.
        progress: Told about answers.
    """
    first = list(asking.users[:users])
    own = pl.col("user_id").is_in(first)
    profiles, interests = asking.profiles.filter(own), asking.interests.filter(own)
    asked = sorted(set(interests["user_id"]))
    mode: Mode = "tuned" if writer.adapters else "writing"
    found: list[Line] = []
    for name, changes in (ALIGNED if writer.adapters else FREE).items():
        settings = {"mode": mode, "fill": False, **few, **changes}
        with _tools_of(shop, writer, asking.tools, settings) as (tools, model):
            told = replace(tools, progress=progress)
            made = make_tags(told, asking.inputs, asking.catalogue, profiles, interests).table
            tags = made.filter(pl.col("model") != NOBODY)
            requests = sum(used.requests for used in model.usage.values())
        found += _lines(shop, asking, f"{writer.name}, {name}", asked, tags, requests)
    return found


@contextmanager
def _tools_of(shop: Shop, writer: Writer, tools: Tools, changes: Changes) -> Iterator[tuple[Tools, LedgeredModel]]:
    """The stage's tools with the writer's model, and with settings from which further answers are drawn alike."""
    assert writer.llm is not None
    own = (writer.adapters or {}).get("tags")
    llm = writer.llm if own is None else adapted(writer.llm, "tags", own)
    tags = tools.config.tags.model_copy(update=dict(changes))
    model = open_model(llm, shop.workspace.ledger)
    assert model is not None
    try:
        yield replace(tools, config=tools.config.model_copy(update={"llm": llm, "tags": tags}), model=model), model
    finally:
        model.close()


def _lines(
    shop: Shop, asking: Asking, name: str, users: Sequence[str], tags: pl.DataFrame, requests: int
) -> Iterator[Line]:
    kept = dict(tags.group_by("user_id").len().iter_rows())
    passed = {"tags that pass, of a user": {user: float(kept.get(user, 0)) for user in users}}
    later = Later(shop.targets, asking.catalogue, PLACES)
    for figure, by_user in (passed | dict(hit_figures(tags, users, later))).items():
        yield Line(shop.name, "tags", name, figure, requests, requests, dict(by_user), tags.height, {})
