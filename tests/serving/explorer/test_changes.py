"""What became of a list, told in words and signs."""

from hypothesis import given
from hypothesis import strategies as st

from intentrec.serving.explorer.changes import Move, changes

IDS = st.lists(st.sampled_from("abcdefgh"), unique=True)


def test_moves_are_told_by_places() -> None:
    found = changes(["a", "b", "c", "d"], ["c", "a", "x", "d"])
    assert found.moves == {"c": Move("up", 2), "a": Move("down", 1), "x": Move("new"), "d": Move("same")}
    assert found.gone == ["b"]
    assert found.words == "1 new, 1 moved up, 1 moved down, 1 gone."
    assert [(move.sign, move.words) for move in found.moves.values()] == [
        ("▲2", "up 2"), ("▼1", "down 1"), ("+", "new"), ("", ""),
    ]  # fmt: skip


def test_the_same_list_did_not_change() -> None:
    assert changes(["a", "b"], ["a", "b"]).words == "Nothing changed."
    assert changes([], []).words == "Nothing changed."


@given(IDS, IDS)
def test_every_item_of_either_list_is_accounted_for_once(before: list[str], after: list[str]) -> None:
    found = changes(before, after)
    assert set(found.moves) == set(after)
    assert set(found.gone) == set(before) - set(after)
    for item, move in found.moves.items():
        here, there = after.index(item), before.index(item) if item in before else None
        assert (move.kind == "new") == (there is None)
        if there is not None:
            assert {"up": there - here, "down": here - there, "same": 0}[move.kind] == move.by
