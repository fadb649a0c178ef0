"""Sentences that rules make for a pair from facts alone, each from another angle.

Names of a catalogue come without article, number or case. So nothing is inflected here: English leaves the verb to
"may" and the noun to "the", Russian puts names between « and ».
"""

import re
from collections.abc import Collection, Mapping

from intentrec.explanations.config import ExplanationsConfig
from intentrec.explanations.gate import FUNCTION_WORDS, refuse_offer
from intentrec.explanations.pairs import Pair
from intentrec.text.wording import stem, stems, words
from intentrec.text.words import NOISE

_MOST = 4
_FEWEST = 2
_GENERAL = "find"  # says nothing of the item: only offered where it makes up the fewest that there is a choice among
_LEARNED = ("liking", "shelf", "suiting", "taste")
_LONGEST_TITLE = 5  # words; a longer title makes no noun of a sentence
_LONGEST_SHELF = 4
_SHORTEST_THEME = 3
_JOINED = re.compile(r"[&,;/|+]| и | and ")
_PATH = re.compile(r"\s*>\s*")
_PLAIN = re.compile(r"[\w\s'’-]+")
_SPACE = re.compile(r"[\s«»]+")

# By angle, the most telling first; only the first few that can be said and pass the gate are offered.
_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "kind": "Close in kind to the {kind} you like",
        "theme": "Picks up the {theme} theme you like",
        "occasion": "{occasion}, with your interest in {interest} in mind",
        "liking": "If you like {interest}, have a look at the {item}",
        "shelf": "Found under {shelf}, picked with {interest} in mind",
        "suiting": "The {item} may suit your interest in {interest}",
        "taste": "The {title} may be to your taste",
        "find": "One more find for your interest in {interest}",
    },
    "ru": {
        "kind": "Близко к тому, что вам нравится: «{kind}»",
        "theme": "Та же тема, что вам близка: «{theme}»",
        "occasion": "{occasion} и к вашему интересу «{interest}»",
        "liking": "Если вам по душе «{interest}», может пригодиться «{item}»",
        "shelf": "Из раздела «{shelf}» под ваш интерес «{interest}»",
        "suiting": "Взгляните на «{item}»: близко к вашему интересу «{interest}»",
        "taste": "Возможно, вам по вкусу придётся «{title}»",
        "find": "Ещё одна находка к вашему интересу «{interest}»",
    },
}
_OCCASIONS = {
    "en": {
        "christmas": "For Christmas", "xmas": "For Christmas", "easter": "For Easter", "halloween": "For Halloween",
        "wedding": "For a wedding", "birthday": "For a birthday",
    },
    "ru": {
        "рождественск": "К Рождеству", "новогодн": "К Новому году", "пасхальн": "К Пасхе", "свадебн": "К свадьбе",
    },
}  # fmt: skip


def candidates(pair: Pair, config: ExplanationsConfig, language: str, brands: Collection[str] = ()) -> tuple[str, ...]:
    """Up to four distinct sentences for the pair that pass the gate, the most telling first; maybe none."""
    return offered(sentences(pair, config, language, brands))


def offered(said: Mapping[str, str]) -> tuple[str, ...]:
    """Of `sentences` those to choose from; see `candidates`."""
    general = said.get(_GENERAL, "")
    telling = tuple(dict.fromkeys(text for angle, text in said.items() if angle != _GENERAL))[:_MOST]
    return (*telling, general) if general and len(telling) < _FEWEST else telling


def lessons(said: Mapping[str, str]) -> tuple[str, ...]:
    """Of `sentences` those that a model may learn to say: they name the item, and hold whatever item it is.

    Rules know when an item is of the kind that was liked, or has its theme; a small model that learned to say so says
    it of others, too.
    """
    return tuple(dict.fromkeys(text for angle, text in said.items() if angle in _LEARNED))


def sentences(pair: Pair, config: ExplanationsConfig, language: str, brands: Collection[str]) -> dict[str, str]:
    """What can be said of the pair and passes the gate, by angle, the most telling first."""
    said = _values(pair, language)
    texts = {angle: text.format(**said) for angle, text in _TEXTS[language].items() if _sayable(text, said)}
    return {
        angle: text
        for angle, text in texts.items()
        if not refuse_offer(text, pair.interest, pair.facts, brands, config, language)
    }


def _sayable(text: str, said: Mapping[str, str]) -> bool:
    return all(said[name] for name in re.findall(r"{(\w+)}", text))


def _values(pair: Pair, language: str) -> dict[str, str]:
    """What can be put into a sentence; what cannot be said well is ""."""
    interest = _clean(pair.interest)
    kinds = {stem(head) for part in _JOINED.split(pair.category) if (head := _head(part))}
    same_kind = _same_kind(pair, interest, kinds)
    title = _title(pair.name)
    item = _item(pair, interest, title, kinds)
    return {
        "interest": interest,
        "kind": interest if same_kind else "",
        "theme": "" if same_kind else _theme(pair, interest, kinds, language),
        "occasion": _occasion(pair, interest, language),
        "item": item,
        "title": title if stems(title) & stems(interest) else "",  # else it would say nothing of the interest
        "shelf": _shelf(pair.category),
    }


def _clean(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def _title(name: str) -> str:
    """The name of an item where it is short and plain enough to stand in a sentence."""
    title = _clean(name)
    return title if len(words(title)) <= _LONGEST_TITLE and _PLAIN.fullmatch(title) else ""


def _head(name: str) -> str:
    """The word that says what a thing is: the last one before "for", "of" and the like."""
    head = ""
    for word in words(name):
        if head and word in FUNCTION_WORDS:
            break
        head = word
    return head


def _same_kind(pair: Pair, interest: str, kinds: Collection[str]) -> bool:
    kind = stem(_head(interest))
    return kind in kinds and kind in stems(pair.name)


def _theme(pair: Pair, interest: str, kinds: Collection[str], language: str) -> str:
    """A word that item and interest share and that is not the kind of thing the item is; English: its shorter form.

    "hot water bottles" in a title are no water theme, and Russian modifiers stand in cases that cannot be quoted: so
    where all of the interest is in the title, and in Russian always, only an interest of one word is a theme.
    """
    item = {stem(word): word for word in words(f"{pair.phrase} {pair.name}") if word not in NOISE}
    wanted = words(interest)
    if len(wanted) > 1 and (language != "en" or stems(interest) <= item.keys()):
        return ""
    shared = [word for word in wanted if stem(word) in item and stem(word) not in kinds]
    telling = [word for word in shared if len(word) >= _SHORTEST_THEME and word.isalpha()]
    if not telling:
        return ""
    return min(telling[-1], item[stem(telling[-1])], key=len) if language == "en" else telling[-1]


def _occasion(pair: Pair, interest: str, language: str) -> str:
    named, wanted = _OCCASIONS[language], stems(interest)
    found = (stem(word) for word in words(pair.name))
    return next((named[word] for word in found if word in named and word not in wanted), "")


def _item(pair: Pair, interest: str, title: str, kinds: Collection[str]) -> str:
    """The phrase where it ends in the kind of the item, else the title; "" where it repeats the interest."""
    phrase = _clean(pair.phrase)
    named = phrase if stem(_head(phrase)) in kinds else title
    return "" if stems(named) & stems(interest) else named


def _shelf(category: str) -> str:
    """The last step of a category's path; "" for a name made of several, and for a long one."""
    shelf = _PATH.split(_clean(category))[-1]
    return "" if _JOINED.search(shelf) or len(words(shelf)) > _LONGEST_SHELF else shelf
