"""A list as bytes: what is cut from it is what was put in."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from intentrec.serving.bundle.entries import entry_of, slim
from intentrec.serving.bundle.lists import StoredList

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ENTRY = st.fixed_dictionaries(
    {
        "item_id": TEXT,
        "title": TEXT,
        "score": st.floats(-1e6, 1e6),
        "reason": st.none() | TEXT,
        "price": st.none() | st.floats(0, 9),
    }
)
ENTRIES = st.lists(ENTRY, max_size=12)


def opened(entries: list[dict[str, Any]], gap: int = 0) -> StoredList:
    value = b"x" * gap + StoredList.pack(range(len(entries)), entries)
    return StoredList.open(memoryview(value)[gap:])


def decoded(part: bytes) -> list[dict[str, Any]]:
    return orjson.loads(b"[" + part + b"]")


@given(ENTRIES, st.integers(0, 15), st.integers(0, 3))
def test_the_first_entries_are_those_that_were_packed(entries: list[dict[str, Any]], k: int, gap: int) -> None:
    stored = opened(entries, gap)
    assert len(stored) == len(entries)
    assert decoded(stored.first(k, full=True)) == entries[:k]
    assert decoded(stored.first(k, full=False)) == [slim(entry) for entry in entries[:k]]


@given(ENTRIES, st.data())
def test_any_places_can_be_picked(entries: list[dict[str, Any]], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(entries) - 1), unique=True) if entries else st.just([]))
    assert decoded(opened(entries).at(places, full=True)) == [entries[place] for place in places]


def test_an_entry_says_what_is_known_and_rounds_scores() -> None:
    row = {"item_id": "a", "score": 1 / 3, "score_user": 2 / 3, "score_tag": None, "source": "user", "reason": "why"}
    entry = entry_of(row, {"title": "A", "category": "tea", "brand": None, "price": 2.5, "name": "a"})
    assert entry == {
        "item_id": "a", "title": "A", "score": 0.333333, "category": "tea", "price": 2.5, "score_user": 0.666667,
        "score_tag": None, "source": "user", "tag": None, "interest": None, "interest_id": None, "reason": "why",
    }  # fmt: skip
