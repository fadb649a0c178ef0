"""Lessons of the first level: what a search means, what a title says."""

from collections.abc import Iterator

from intentrec.alignment.data.curriculum.lesson import NO, YES, Lesson
from intentrec.alignment.data.curriculum.shop import Item, Query, Shop
from intentrec.text.wording import same_words


def query_category(shop: Shop) -> Iterator[Lesson]:
    """A search -> the category that was meant."""
    for query in shop.drawn("query_category", shop.queries, _text):
        yield Lesson({"query": query.text}, query.category, query.user_id)


def query_item(shop: Shop) -> Iterator[Lesson]:
    """A search and a title -> whether they fit; every other title is one of another category."""
    titles = {item.item_id: item for item in shop.items}
    for place, query in enumerate(shop.drawn("query_item", shop.queries, _text)):
        own = titles.get(query.item_id)
        other = next((i for i in shop.drawn(query.text, shop.items, _id) if i.category != query.category), None)
        item = own if place % 2 == 0 else other
        if item is not None:
            values: dict[str, object] = {"query": query.text, "title": item.title}
            yield Lesson(values, YES if item is own else NO, query.user_id, item.item_id)


def title_key(shop: Shop) -> Iterator[Lesson]:
    """A title -> its modifier and core word."""
    for item in shop.drawn("title_key", shop.items, _id):
        if item.phrase and not same_words(item.phrase, item.title):
            yield Lesson({"title": item.title}, item.phrase, item_id=item.item_id)


def key_points(shop: Shop) -> Iterator[Lesson]:
    """A record -> its core attributes in one line, as they stand in profiles."""
    for item in shop.drawn("key_points", shop.items, _id):
        if item.name != item.title:
            facts = [fact for fact in (item.title, item.brand, item.category, item.description) if fact]
            yield Lesson({"facts": facts}, item.name, item_id=item.item_id)


def _text(query: Query) -> str:
    return query.text


def _id(item: Item) -> str:
    return item.item_id
