"""Words that shops put into titles and that name no product: they are left out of phrases, per language in one set."""

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


STOP = _set(
    """
    a an the and or of for in on at to by with without from as is are it its this that your my our n и или в во на
    с со из для от до по к ко у о об за под без над при не
    """
)
COLOURS = _set(
    """
    red blue green yellow pink purple black white orange brown grey gray gold golden silver ivory cream beige
    turquoise lilac navy aqua amber burgundy charcoal fuchsia khaki lavender magenta maroon mauve mint mustard
    olive peach teal violet multicolour multicolor multicoloured clear pale dark light bright pastel amethyst
    emerald pearl красный красная красное красные синий синяя синее синие зелёный зеленый зеленая зелёная желтый
    жёлтый желтая белый белая белое белые черный чёрный черная чёрная черные чёрные серый серая серые розовый
    розовая розовые голубой голубая коричневый коричневая бежевый бежевая оранжевый фиолетовый золотой золотистый
    серебристый
    """
)
SIZES = _set(
    """
    small medium large big mini tiny giant jumbo huge xl xxl xs s m l long short tall slim wide narrow extra size
    sized маленький маленькая большой большая средний средняя мини макси размер
    """
)
PACKS = _set(
    """
    set sets pack packs packet pair pairs pc pcs piece pieces asst assorted asstd tier tiers x pk dozen two three
    four five six seven eight ten twelve набор комплект упаковка шт штук штуки пара
    """
)
VAGUE = _set(
    """
    design designs style styles new nice pretty cute lovely best great super smart modular amazing various type
    types colour colours color colors collection item items product products sale special quality premium original
    modern classic basic standard universal новый новая новое новые стильный стильная модный модная универсальный
    универсальная современный
    """
)
NOISE = STOP | COLOURS | SIZES | PACKS | VAGUE

_UNITS = r"(?:mm|cm|m|km|inch|in|ft|ml|cl|l|g|gr|kg|oz|lb|w|v|мм|см|м|мл|л|г|гр|кг|вт|шт)"
_COUNTED = re.compile(
    r"\b(?:set|pack|box|bag|pk|asst|assorted|s|pair|набор|комплект|упаковка)\s*(?:of\s*|из\s*|/\s*|\s)(?:\d+|two|three|four|five|six)\b"
    r"|\b\d+\s*(?:pack|pk|pcs|pc|pieces|piece|шт)\b"
    rf"|\b\d+(?:[.,]\d+)?\s*{_UNITS}?\s*(?:x\s*\d+(?:[.,]\d+)?\s*{_UNITS}?)+(?!\w)"
    rf"|\b\d+(?:[.,]\d+)?\s*{_UNITS}(?!\w)"
)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_CUT = re.compile(r"\s(?:with|w|in|for|on|from|с|со|для|из|на|от)\s|\sw/|[,;/(\[|]|\s[-–—]\s")


def plain(title: str) -> str:
    """The title in lower case, without pack counts and measures, with one kind of apostrophe."""
    return _COUNTED.sub(" ", title.lower().replace("`", "'").replace("’", "'"))


def content_words(title: str) -> tuple[str, ...]:
    """Words that may name the product, in lower case and in order: no numbers, codes, pack counts, colours or sizes.

    What follows a preposition or a comma ("bottle with glass stopper") only counts where nothing stands before it.
    """
    text = plain(title)
    return _words(_CUT.split(text, maxsplit=1)[0]) or _words(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in _WORD.findall(text) if word not in NOISE and len(word) > 1)


def stem(word: str) -> str:
    """One form for an English plural and its singular; any other word as it is."""
    word = word.removesuffix("'s").removesuffix("s'")
    if not word.isascii() or len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is", "as")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]
