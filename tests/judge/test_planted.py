"""Planted faults: each is wrong in the way it says, and a judge that lets them pass is stopped."""

from collections import Counter

import pytest

from fake_model import FakeModel
from intentrec.errors import LLMAnswerError
from intentrec.judge.asking import Quoted, YesNo
from intentrec.judge.config import JudgeConfig
from intentrec.judge.guard import Caught, caught_by_model, caught_by_rules, must_catch, plants_for
from intentrec.judge.planted import PLANTED, drawn, plants
from judge_world import explanation, interest, judge_of, standards, tag, touches

NAMES = ("cup", "rake", "doll", "lamp", "wallet", "quilt", "kettle", "basket")
TAGS = (
    "tea pot",
    "rose shears",
    "soup ladle",
    "herb scissors",
    "coffee mill",
    "sugar tongs",
    "paint brush",
    "honey jar",
)
COLOURS = ("red", "blue", "green", "pink", "yellow", "black", "white", "brown")
SENTENCES = ("Hold {}", "Rest with {}", "Share {}", "Say hello to {}", "Take {}", "Give {}", "Keep {}", "Sit beside {}")
GOOD = [
    *(interest(f"{name}s", evidence=touches(f"china {name}", f"blue {name}", f"{name} box"), user_id=name)
      for name in NAMES),
    *(tag(name, interest=f"{name} and more", user_id=name, recent=(f"iron {name}",)) for name in TAGS),
    *(explanation(text.format(f"the {colour} {name}"), interest=f"{name}s", item_id=name,
                  facts=(("title", f"{colour} {name} BOXED LARGE"), ("category", f"{name}s")))
      for name, colour, text in zip(NAMES, COLOURS, SENTENCES, strict=True)),
]  # fmt: skip
KINDS = {
    "interest": {"hallucinated", "future-date", "denial", "title-copy", "injected", "necessity"},
    "tag": {"brand", "off-interest", "just-touched", "broad", "impossible", "future-date", "denial", "injected"},
    "explanation": {
        "invented", "unsafe", "injected", "denial", "contradiction", "slogan", "cut-off", "title-copy", "wrong-item",
        "out-of-season",
    },
}  # fmt: skip
# What takes understanding: rules catch none of it, or only what uses their words.
BEYOND_RULES = {"denial", "impossible", "invented", "unsafe", "hallucinated", "contradiction"}


@pytest.fixture(scope="module")
def planted():
    return list(plants(GOOD, standards()))


def test_every_kind_can_be_planted(planted):
    found = {task: {plant.kind for plant in planted if plant.case.task == task} for task in KINDS}
    assert found == KINDS


def test_plants_say_that_they_are_planted_and_differ_from_what_they_were_made_of(planted):
    assert {plant.case.writer for plant in planted} == {PLANTED}
    assert all(plant.case not in GOOD for plant in planted)
    assert all(plant.criteria for plant in planted)


def test_rules_catch_what_their_words_say(planted):
    for caught in caught_by_rules(planted, judge_of(least_support=-1.0)):
        if caught.kind not in BEYOND_RULES:
            assert caught.caught == caught.shown, caught
        if caught.kind in ("denial", "impossible"):
            assert caught.caught == 0, caught


def test_russian_plants_are_russian():
    russian = list(plants([interest("чашки", evidence=touches("чашка", "чашка синяя"))], standards("ru")))
    denial = next(plant for plant in russian if plant.kind == "denial")
    assert "Покупатель" in denial.case.reason
    necessity = next(plant for plant in russian if plant.kind == "necessity")
    assert not necessity.case.text.isascii()


def test_what_has_nothing_to_plant_in_is_left_out():
    bare = explanation("Serve", facts=())
    kinds = {plant.kind for plant in plants([bare], standards())}
    assert not kinds & {"title-copy", "contradiction", "wrong-item"}
    alone = {plant.kind for plant in plants([tag(recent=())], standards())}
    assert not alone & {"just-touched", "off-interest"}
    assert "hallucinated" not in {plant.kind for plant in plants([interest(evidence=())], standards())}


def test_of_every_kind_alike_are_drawn(planted):
    chosen = drawn([plant for plant in planted if plant.case.task == "tag"], 16)
    assert set(Counter(plant.kind for plant in chosen).values()) == {2}
    assert chosen == drawn(reversed([plant for plant in planted if plant.case.task == "tag"]), 16)
    assert len(drawn(planted, 10_000)) == len(planted)


def test_as_many_are_shown_as_the_settings_say():
    judge = judge_of(planted_share=0.1, least_planted=5)
    tags = [case for case in GOOD if case.task == "tag"]
    assert len(plants_for(tags, 8, judge)) == 5
    assert len(plants_for(tags, 200, judge)) == 20
    assert plants_for(tags, 8, judge_of(planted_share=0.0, least_planted=0)) == []


def always(word):
    def answer(request):
        properties = request.answer_schema["properties"]
        if "answer" in properties:
            return YesNo(answer=word)
        passing = {"yes", "strong", "excellent"} if word == "yes" else {"no", "none", "bad"}
        verdict = next(level for level in properties["verdict"]["enum"] if level in passing)
        return Quoted(quote="tea", verdict=verdict)

    return answer


@pytest.mark.parametrize("small", [True, False])
def test_a_judge_that_always_says_yes_is_stopped(planted, small):
    judge = judge_of(FakeModel(always("yes"), small=small))
    found = caught_by_model(planted, judge)
    assert sum(one.caught for one in found) == 0
    with pytest.raises(LLMAnswerError, match=r"fake-1b is no judge of interests: it let .* planted faults pass"):
        must_catch([one for one in found if one.task == "interest"], "fake-1b", judge.standards.judge)


def test_a_judge_that_always_says_no_is_stopped(planted):
    judge = judge_of(FakeModel(always("no"), small=False))
    found = caught_by_model(planted, judge)
    assert all(one.caught == one.refused == one.shown for one in found)
    with pytest.raises(LLMAnswerError, match=r"refused \d+ of (\d+) planted faults, and \1 of the \1 outputs without"):
        must_catch(found, "fake-1b", judge.standards.judge)


def test_a_judge_that_tells_them_apart_goes_on(planted):
    originals = {plant.original.text for plant in planted}
    tags = [plant for plant in planted if plant.case.task == "tag" and plant.case.text not in originals]

    def knows(request):
        text = request.messages[-1].content.split("Tag: «")[1].split("»")[0]
        return always("yes" if text in originals else "no")(request)

    found = caught_by_model(tags, judge_of(FakeModel(knows, small=False)))
    assert all((one.caught, one.refused) == (one.shown, 0) for one in found)
    must_catch(found, "fake-1b", JudgeConfig(least_caught=1.0, least_told_apart=1.0))


def test_rules_refuse_nothing_of_what_they_found_good(planted):
    tags = [plant for plant in planted if plant.case.task == "tag"]
    assert all(one.refused == 0 for one in caught_by_rules(tags, judge_of()))


def test_the_model_is_asked_by_what_the_plant_offends_against_and_no_rule_helps_it(planted):
    model = FakeModel(always("yes"), small=False)
    brands = [plant for plant in planted if plant.kind == "brand"]
    caught_by_model(brands, judge_of(model))
    assert len(model.asked) == 2 * len(brands)
    assert all("/tag-validity@" in request.prompt_version for request in model.asked)


def test_no_answer_catches_nothing(planted):
    found = caught_by_model(planted[:3], judge_of(FakeModel(lambda request: None, small=False)))
    assert sum(one.caught for one in found) == 0


def test_the_share_that_must_be_caught_is_a_setting():
    found = [Caught("tag", "brand", 10, 6, 0), Caught("tag", "broad", 10, 10, 4)]
    with pytest.raises(LLMAnswerError, match=r"and 4 of the 20 outputs .* judge.least_told_apart is 0.7"):
        must_catch(found, "m", JudgeConfig(least_caught=0.8, least_told_apart=0.7))
    must_catch(found, "m", JudgeConfig(least_caught=0.8))
    must_catch([], "m", JudgeConfig(least_caught=1.0))
    with pytest.raises(
        LLMAnswerError, match=r"4 of 20 planted faults pass \(brand 4 of 10\), and judge.least_caught is 0.9"
    ):
        must_catch(found, "m", JudgeConfig(least_caught=0.9))
