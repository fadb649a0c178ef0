"""Lessons of the second level: what belongs to an interest, what sets an item apart, what a search should have said."""

import random
import re
from collections import Counter
from collections.abc import Iterator

from intentrec.alignment.data.curriculum.lesson import Lesson
from intentrec.alignment.data.curriculum.shop import Item, Shop
from intentrec.text.wording import same_words, stem, stems
from intentrec.text.words import content_words

_AT_ONCE = 3
_FEWEST_OTHERS = 10  # items of a category from which on a word can be rare in it
_RARE = 0.05
_SENTENCE = re.compile(r"(?<=[.!?])\s")
_LONGEST_SENTENCE = 200
_LEAST_LETTERS = 4
_FILLERS = {"en": ("buy", "cheap", "shop"), "ru": ("купить", "недорого", "заказать")}


def what_to_buy(shop: Shop) -> Iterator[Lesson]:
    """An interest -> three things of its category that were touched most."""
    for interest, category in shop.drawn("what_to_buy", shop.interests, lambda pair: pair[0]):
        phrases = [phrase for phrase in shop.popular.get(category, ()) if not same_words(phrase, interest)]
        for start in range(0, len(phrases) - _AT_ONCE + 1, _AT_ONCE):
            # Later threes are only told from the first by what is bought already.
            values: dict[str, object] = {"interest": interest, "bought": phrases[:start][-_AT_ONCE:]}
            yield Lesson(values, "; ".join(phrases[start : start + _AT_ONCE]))


def concept(shop: Shop) -> Iterator[Lesson]:
    """A phrase -> what the shop says it is: the first sentence of a description."""
    for item in shop.drawn("concept", shop.items, _id):
        sentence = _SENTENCE.split(item.description, maxsplit=1)[0].strip()
        if item.phrase and sentence and len(sentence) <= _LONGEST_SENTENCE:
            yield Lesson({"phrase": item.phrase}, sentence, item_id=item.item_id)


def selling_point(shop: Shop) -> Iterator[Lesson]:
    """A title and its category -> the words that few others of the category have."""
    told = {category: Counter(s for i in own for s in _words(i.title)) for category, own in shop.by_category.items()}
    for item in shop.drawn("selling_point", shop.items, _id):
        others = len(shop.by_category[item.category])
        if others >= _FEWEST_OTHERS:
            rare = [
                word
                for stemmed, word in _words(item.title).items()
                if stemmed not in stems(item.phrase) and told[item.category][stemmed] <= max(1, _RARE * others)
            ]
            if rare:
                yield Lesson({"title": item.title, "category": item.category}, ", ".join(rare), item_id=item.item_id)


def query_correction(shop: Shop) -> Iterator[Lesson]:
    """A phrase with a slip of the keyboard -> the phrase."""
    phrases = {item.phrase.lower() for item in shop.items if item.phrase}
    for phrase in shop.drawn("query_correction", phrases, str):
        slip = mistyped(phrase, random.Random(shop.draw("slip", phrase)))
        if slip and slip not in phrases:
            yield Lesson({"query": slip}, phrase)


def query_rewriting(shop: Shop) -> Iterator[Lesson]:
    """A search -> the words of the shop for it; without searches, the words of a phrase in disorder."""
    for query in shop.drawn("query_rewriting", shop.queries, lambda query: query.text):
        text = query.text if query.asked else _disordered(shop, query.text)
        if query.phrase and not same_words(text, query.phrase):
            yield Lesson({"query": text}, query.phrase.lower(), query.user_id)


def mistyped(phrase: str, rng: random.Random) -> str:
    """The phrase with two letters of a word swapped, one left out or one doubled; "" where no word is long enough."""
    words = phrase.split()
    long = [place for place, word in enumerate(words) if len(word) >= _LEAST_LETTERS]
    if not long:
        return ""
    place = rng.choice(long)
    word, at = words[place], rng.randrange(1, len(words[place]) - 1)
    slips = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
    )
    words[place] = rng.choice(slips)
    return "" if words[place] == word else " ".join(words)


def _disordered(shop: Shop, phrase: str) -> str:
    rng = random.Random(shop.draw("disorder", phrase))
    words = phrase.split()
    rng.shuffle(words)
    return " ".join([rng.choice(_FILLERS[shop.language]), *words])


def _words(title: str) -> dict[str, str]:
    return {stem(word): word for word in content_words(title)}


def _id(item: Item) -> str:
    return item.item_id
