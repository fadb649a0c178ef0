"""Lessons of the third level: what comes next, what things have in common, what follows, which lines show it."""

from collections.abc import Iterator

import polars as pl

from intentrec.alignment.data.curriculum.lesson import NO, YES, Lesson
from intentrec.alignment.data.curriculum.shop import Item, Shop
from intentrec.text.words import content_words

_SHOWN = 6
_OPTIONS = 4
_ALIKE = 3
_LINES = 5
_RIGHT = 2


def recommendation(shop: Shop) -> Iterator[Lesson]:
    """What a user touched, in order -> what the user touched then, where it is something else."""
    touched = shop.events.drop_nulls("name").unique(["user_id", "item_id"], keep="first", maintain_order=True)
    histories = touched.group_by("user_id", maintain_order=True).agg(pl.col("name", "phrase").tail(_SHOWN + 1))
    for user, names, phrases in shop.drawn("recommendation", histories.iter_rows(), lambda row: str(row[0])):
        if len(names) > _ALIKE and phrases[-1] and phrases[-1] not in phrases[:-1]:
            yield Lesson({"names": names[:-1]}, phrases[-1], user)


def keywords(shop: Shop) -> Iterator[Lesson]:
    """A title -> the words in it that name the product."""
    for item in shop.drawn("keywords", shop.items, _id):
        words = content_words(item.title)
        if len(words) > 1:
            yield Lesson({"title": item.title}, ", ".join(words), item_id=item.item_id)


def classification(shop: Shop) -> Iterator[Lesson]:
    """A title and up to four categories -> the right one."""
    for item in shop.drawn("classification", shop.items, _id):
        others = [name for name in shop.drawn(item.item_id, shop.categories, str) if name != item.category]
        options = shop.drawn(f"options {item.item_id}", [item.category, *others[: _OPTIONS - 1]], str)
        if len(options) > 1:
            yield Lesson({"title": item.title, "options": options}, item.category, item_id=item.item_id)


def induction(shop: Shop) -> Iterator[Lesson]:
    """Three items -> the interest that they have in common."""
    for interest, _ in shop.drawn("induction", shop.interests, lambda pair: pair[0]):
        alike = shop.drawn(interest, shop.showing(interest), _id)
        for start in range(0, len(alike) - _ALIKE + 1, _ALIKE):
            yield Lesson({"names": [item.name for item in alike[start : start + _ALIKE]]}, interest)


def deduction(shop: Shop) -> Iterator[Lesson]:
    """A rule about a category and an item of some category -> whether the rule holds for it."""
    others = {name: [other for other in shop.categories if other != name] for name in shop.categories}
    for place, (interest, category) in enumerate(shop.drawn("deduction", shop.interests, lambda pair: pair[0])):
        for item in shop.drawn(f"deduction {interest}", shop.by_category.get(category, []), _id)[:_ALIKE]:
            holds = shop.draw("holds", f"{place} {item.item_id}")[0] % 2 == 0
            wrong = shop.drawn(item.item_id, others[category], str)
            if holds or wrong:
                ruled = category if holds else wrong[0]
                values: dict[str, object] = {"category": ruled, "interest": interest, "name": item.name}
                yield Lesson(values | {"own": item.category}, YES if holds else NO, item_id=item.item_id)


def references(shop: Shop) -> Iterator[Lesson]:
    """Numbered lines and an interest -> the numbers of the lines that show it."""
    for interest, _ in shop.drawn("references", shop.interests, lambda pair: pair[0]):
        right = shop.drawn(f"right {interest}", shop.showing(interest), _id)[:_RIGHT]
        showing = {item.item_id for item in shop.showing(interest)}
        wrong = [item for item in shop.drawn(f"wrong {interest}", shop.items, _id) if item.item_id not in showing]
        lines = shop.drawn(f"lines {interest}", [*right, *wrong[: _LINES - len(right)]], _id)
        if right and len(lines) == _LINES:
            numbers = [number for number, item in enumerate(lines, start=1) if item in right]
            yield Lesson({"interest": interest, "names": [i.name for i in lines]}, ", ".join(map(str, numbers)))


def _id(item: Item) -> str:
    return item.item_id
