"""What may come in."""

from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from intentrec.serving.live import InterestEdit, Label, LiveEvent, LiveItem
from store_world import T, event


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"item_id": None}, "an event needs an item_id or a query"),
        ({"user_id": ""}, "at least 1 character"),
        ({"user_id": " \n"}, "must not be blank"),
        ({"user_id": "x" * 501}, "at most 500 characters"),
        ({"user_id": "\ud800"}, "valid string"),
        ({"timestamp": datetime(2025, 1, 1)}, "timezone info"),
        ({"timestamp": T.replace(year=1800)}, "must lie between 1900 and 2200"),
        ({"weight": float("nan")}, "finite number"),
        ({"surprise": 1}, "Extra inputs are not permitted"),
    ],
)
def test_events_that_cannot_be_kept_are_refused(given: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        LiveEvent(**(event("a").model_dump() | given))


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"title": ""}, "at least 1 character"),
        ({"a b": 1}, "'a b' cannot be a column; use letters, digits and _"),
        ({f"a{n}": n for n in range(51)}, "an item may have 50 further attributes, not 51"),
        ({"big": 10**30}, "the further attributes cannot be kept"),
    ],
)
def test_items_that_cannot_be_kept_are_refused(given: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        LiveItem.model_validate({"item_id": "i", "title": "t"} | given)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"action": "remove"}, "to remove an interest takes its interest_id"),
        ({"action": "remove", "interest_id": "x", "text": "tea"}, "text is needed to reword or add"),
        ({"action": "reword", "interest_id": "x"}, "text is needed to reword or add"),
        ({"action": "add"}, "text is needed to reword or add"),
        ({"action": "hide", "interest_id": "x"}, "'remove', 'reword' or 'add'"),
    ],
)
def test_edits_that_say_too_little_or_too_much_are_refused(given: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        InterestEdit.model_validate({"user_id": "ann", "at": T} | given)


def test_the_same_wish_has_the_same_id() -> None:
    one = InterestEdit(user_id="ann", action="add", text="tea", at=T)
    assert one.interest_id == InterestEdit(user_id="ann", action="add", text="tea", at=T).interest_id
    assert one.interest_id != InterestEdit(user_id="bob", action="add", text="tea", at=T).interest_id
    assert InterestEdit.model_validate(one) is one


def test_a_second_judgement_of_the_same_thing_by_the_same_rater_has_the_same_id() -> None:
    first = judged()
    assert first.label_id == judged(verdict="no", note="on second thoughts").label_id
    assert first.label_id != judged(rater="q").label_id
    assert judged(label_id="mine").label_id == "mine"


def judged(**given: str) -> Label:
    return Label.model_validate(
        {"task": "t", "subject": "s", "criterion": "c", "verdict": "yes", "rater": "r", "at": T} | given
    )
