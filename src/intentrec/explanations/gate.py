"""What may pass as an explanation: pure rules, each named by one short fixed word (RecGPT-V1, section 2.4).

Form: `empty`, `echo`, `too-short`, `too-long`, `incomplete`, `repetitive`, `copies-title`, `wrong-language`. Style:
`cliche`. Facts: `invented` (a property, brand or number that neither the item nor the interest has), `off-topic` (no
word of either).
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from intentrec.explanations.config import ExplanationsConfig
from intentrec.text.wording import Script, copies, echoes, mentions, script_of, stem, stems, words

_SCRIPTS: dict[str, Script] = {"en": "latin", "ru": "cyrillic"}
_NUMBER = re.compile(r"\d+")
_SHORTEST_TELLING = 3
_QUOTES = str.maketrans("", "", "«»")
_QUOTED = re.compile("«([^«»]*)»")
FUNCTION_WORDS = frozenset(
    (
        "a", "an", "the", "and", "or", "of", "for", "in", "on", "at", "to", "by", "with", "from", "as", "is", "are",
        "it", "its", "this", "that", "your", "you", "who", "into", "more", "some", "these", "those",
        "и", "или", "в", "на", "для", "из", "от", "до", "по", "к", "с", "со", "вам", "вас", "ваш", "это", "эта", "как",
    )
)  # fmt: skip


Rules = dict[str, Callable[[], bool]]


def refuse_text(
    text: str, interest: str, facts: Sequence[str], brands: Collection[str], config: ExplanationsConfig, language: str
) -> str | None:
    """The first of `text_faults`, or None."""
    return next(text_faults(text, interest, facts, brands, config, language), None)


def text_faults(
    text: str, interest: str, facts: Sequence[str], brands: Collection[str], config: ExplanationsConfig, language: str
) -> Iterator[str]:
    """The rules that refuse a sentence of a model.

    Args:
        text: The sentence.
        interest: Name of the interest.
        facts: All that is known about the item: name, phrase, category.
        brands: Names that only an item which has them may be given.
        config: Bounds and word lists.
        language: Language the sentence must be in.
    """
    known = " ".join((*facts, interest))
    rules = _form(_unquoted(text, known) if language == "ru" else text, interest, facts, config) | {
        "copies-title": lambda: copies(text, facts) or adds_nothing(text, known),
        "wrong-language": lambda: not _speaks(text, known, language),
        "cliche": lambda: mentions(text, config.cliches),
        "invented": lambda: invents(text, known, (*config.attributes, *brands)),
        "off-topic": lambda: not rests_on(text, known),
    }
    return _broken(rules)


def refuse_offer(
    text: str, interest: str, facts: Sequence[str], brands: Collection[str], config: ExplanationsConfig, language: str
) -> str | None:
    """The first of `offer_faults`, or None."""
    return next(offer_faults(text, interest, facts, brands, config, language), None)


def offer_faults(
    text: str, interest: str, facts: Sequence[str], brands: Collection[str], config: ExplanationsConfig, language: str
) -> Iterator[str]:
    """The rules that refuse a sentence that our rules made to be chosen; arguments as in `text_faults`.

    Four rules differ. `copies-title` has no sense: to quote names is what these sentences do. `cliche` lets words of
    the item or the interest pass: a title quoted is no praise of ours. `echo` overlooks « and », which only we set.
    `repetitive` makes no allowance for names: there are other sentences to offer.
    """
    known = " ".join((*facts, interest))
    rules = _form(text.translate(_QUOTES), "", (), config) | {
        "wrong-language": lambda: not _speaks(text, known, language),
        "cliche": lambda: any(mentions(text, [said]) and not mentions(known, [said]) for said in config.cliches),
        "invented": lambda: invents(text, known, (*config.attributes, *brands)),
        "off-topic": lambda: not rests_on(text, known),
    }
    return _broken(rules)


def _unquoted(text: str, known: str) -> str:
    """The text without « and » around words of what is known: Russian quotes names so, and only the rest is an echo."""
    return _QUOTED.sub(lambda said: said[1] if stems(said[1]) <= stems(known) else said[0], text)


def _form(text: str, interest: str, facts: Sequence[str], config: ExplanationsConfig) -> Rules:
    return {
        "empty": lambda: not words(text),
        "echo": lambda: echoes(text),
        "too-short": lambda: len(words(text)) < config.min_words,
        "too-long": lambda: len(words(text)) > config.max_words,
        "incomplete": lambda: not FUNCTION_WORDS.isdisjoint(words(text)[-1:]),
        "repetitive": lambda: goes_round(text, interest, facts),
    }


def _broken(rules: Rules) -> Iterator[str]:
    return (rule for rule, broken in rules.items() if broken())


def goes_round(text: str, interest: str = "", facts: Sequence[str] = ()) -> bool:
    """Whether a telling word stands twice, as in "a cake is a cake": small models do that.

    Where the interest is named in full, its words may stand once more, and so may a word that stands twice in a name of
    the item: in "The home sweet home mug may suit your interest in mugs" nothing goes round, and readers say so.
    """
    said = Counter(_telling(text))
    if mentions(text, [interest]):
        said -= Counter(_telling(interest))
    for fact in facts:
        if mentions(text, [fact]):
            said -= Counter(_telling(fact)) - Counter(set(_telling(fact)))
    return any(times > 1 for times in said.values())


def _telling(text: str) -> Iterator[str]:
    return (stem(word) for word in words(text) if word not in FUNCTION_WORDS and len(word) >= _SHORTEST_TELLING)


def adds_nothing(text: str, known: str) -> bool:
    """Whether a text is put together from what is known and words like "with" alone."""
    said = {stem(word) for word in words(text) if word not in FUNCTION_WORDS}
    return said <= stems(known)


def invents(text: str, known: str, properties: Collection[str]) -> bool:
    """Whether a text holds a number or one of the properties that is not among what is known."""
    if not set(_NUMBER.findall(text)) <= set(_NUMBER.findall(known)):
        return True
    return any(mentions(text, [name]) and not mentions(known, [name]) for name in properties)


def rests_on(text: str, known: str) -> list[str]:
    """Words of what is known that the text uses, in the order of the text."""
    telling = {stem(word) for word in words(known) if len(word) >= _SHORTEST_TELLING} - FUNCTION_WORDS
    return [word for word in dict.fromkeys(words(text)) if stem(word) in telling]


def _speaks(text: str, known: str, language: str) -> bool:
    """Whether the words that are not quoted from what is known are in the script of the language."""
    quoted = stems(known)
    own = " ".join(word for word in words(text) if stem(word) not in quoted)
    return script_of(own) == _SCRIPTS.get(language, "latin")
