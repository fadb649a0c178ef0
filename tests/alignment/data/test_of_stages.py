"""Samples of the stages' real questions: as the stages ask them, and of nothing that came later."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

import polars as pl
import pytest

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.incremental import Window, incremental
from intentrec.alignment.data.mixing import is_held_out, split
from intentrec.alignment.data.pre_alignment import pre_alignment
from intentrec.alignment.data.questions import Question, key_of
from intentrec.alignment.samples import sample_rows, samples_of
from intentrec.config import Config
from intentrec.pipeline.asking import STAGES, Asked, Asking, Stage
from intentrec.pipeline.chain import Tools, with_roles
from intentrec.pipeline.inputs import Inputs
from intentrec.progress import SILENT
from intentrec.tables import EVENTS, ITEMS
from intentrec.text.hashing import HashingEmbedder
from shop_world import DAYS, START, make_shop

CUT = START + timedelta(days=90)
CONFIG = AlignmentDataConfig()
LATER = "FUTURE"


@lru_cache
def world() -> tuple[Asking, Inputs]:
    """The questions of all users as of the cut, and inputs in which much is planted after it."""
    shop = make_shop()
    planted = [
        {"user_id": user, "timestamp": CUT + timedelta(days=day), "event": "purchase", "item_id": f"{LATER}-{day}"}
        for user in shop.themes
        for day in (0, 20)
    ]
    items = pl.concat(
        [shop.items, pl.DataFrame({"item_id": f"{LATER}-{day}", "title": f"{LATER} {day} TEA CUP"} for day in (0, 20))]
    )
    events = pl.concat([shop.events, pl.DataFrame(planted, shop.events.schema)]).sort("timestamp")
    events = EVENTS.check(events.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64)))
    inputs = Inputs(ITEMS.check(items), shop.users, events, START + timedelta(days=DAYS), {})
    tools = Tools(Config.model_validate({"text": {"model": "hashing"}}), HashingEmbedder(), None, None, SILENT)
    return Asking.prepare(tools, inputs.before(CUT), sorted(shop.themes)), inputs


def everything(_: Sequence[tuple[Asked, str]]) -> list[str | None]:
    return ["average"] * len(_)


@pytest.mark.parametrize("stage", STAGES)
def test_rules_teach_every_stage_in_the_words_of_its_question(stage: Stage) -> None:
    asking, _ = world()
    asked = asking.asked(stage, "tuned")
    made = pre_alignment(asked, [], everything, CUT, CONFIG)
    assert len(made.samples) > 10
    questions = {one.request.messages: one for one in asked}
    for sample in made.samples:
        one = questions[sample.messages]
        assert sample.answer in one.by_rules
        assert (sample.task, sample.user_id, sample.item_id) == (stage, one.user_id, one.item_id)
    assert LATER.lower() not in str(made.samples).lower()
    assert samples_of(sample_rows(made.samples)) == list({s.sample_id: s for s in made.samples}.values())


def test_every_answer_of_the_rules_fits_its_question() -> None:
    asking, _ = world()
    for stage in STAGES:
        counts = pre_alignment(asking.asked(stage, "tuned"), [], everything, CUT, CONFIG).counts
        assert set(counts) == {"rules: passed"}


def window(inputs: Inputs, asking: Asking) -> Window:
    config = asking.tools.config
    return Window(
        start=CUT, end=CUT + timedelta(days=14), events=inputs.events, catalogue=asking.catalogue,
        interests=asking.interests, kinds=config.events.named("intent", "search"), brands=(),
        embedder=asking.tools.embedder, tags=with_roles(config.tags, config), language="en",
    )  # fmt: skip


def test_behaviour_of_the_window_answers_the_questions_before_it() -> None:
    asking, inputs = world()
    asked = asking.asked("tags", "tuned")
    made = incremental(asked, window(inputs, asking), CONFIG)
    assert made.counts["behaviour: learned"] > 10
    known = {key_of(one) for one in asked}
    assert {(s.task, s.user_id, s.item_id, s.messages) for s in made.samples} <= known
    assert LATER.lower() not in str(made.samples).lower()
    # From the window's end on nothing is read: without it the samples are the same.
    ended = inputs.events.filter(pl.col("timestamp") < CUT + timedelta(days=14))
    again = incremental(asked, window(Inputs(inputs.items, inputs.users, ended, inputs.as_of, {}), asking), CONFIG)
    assert again == made


def test_held_out_users_teach_nothing() -> None:
    asking, _ = world()
    sides = split(pre_alignment(asking.asked("tags", "tuned"), [], everything, CUT, CONFIG).samples, CONFIG)
    assert sides.train
    assert sides.held_out
    assert not any(is_held_out(sample.user_id or "", CONFIG) for sample in sides.train)
    assert all(is_held_out(sample.user_id or "", CONFIG) for sample in sides.held_out)


def a_question_of_a_stage(asked: Asked) -> Question:
    """For the type checker: what stages ask is what training data is made from."""
    return asked
