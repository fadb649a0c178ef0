"""What must hold of an answer, whatever goes wrong."""

from collections.abc import Mapping, Set
from itertools import pairwise
from typing import Any

from benchmarks.serving.faults.shop import Listed

STORED = "stored"


def wrong_list(
    body: Any, user: str, k: int, expected: Mapping[str, Mapping[str, Listed]], catalogue: Set[str], had: Set[str]
) -> str | None:
    """What is wrong with a list; None where nothing is.

    Args:
        expected: Release -> user -> the list that was stored with it.
        catalogue: All items there are.
        had: Items of events that had been acknowledged before the list was asked for.
    """
    if body["release"] not in expected:
        return f"a list of {user} names the release {body['release']!r}, which was never published"
    entries: Listed = [(entry["item_id"], entry["score"]) for entry in body["items"]]
    items = [item for item, _ in entries]
    if body["user_id"] != user or body["n"] != len(items):
        return f"a list of {user} says it is one of {body['user_id']} with {body['n']} items"
    if back := had & set(items):
        return f"{user} was given {sorted(back)[0]} after an event with it had been acknowledged"
    if body["source"] != STORED:
        return _wrong_order(f"a {body['source']} list of {user}", entries, k, catalogue)
    stored = expected[body["release"]].get(user, [])[:k]
    return None if entries == stored else f"a stored list of {user} is not that of {body['release']}"


def _wrong_order(named: str, entries: Listed, k: int, catalogue: Set[str]) -> str | None:
    items = {item for item, _ in entries}
    if strange := items - catalogue:
        return f"{named} holds {sorted(strange)[0]}, which is no item of the shop"
    if len(items) < k:
        return f"{named} holds {len(items)} different items and not {k}"
    if any(first < second for (_, first), (_, second) in pairwise(entries)):
        return f"{named} is not in order"
    return None
