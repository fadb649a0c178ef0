"""Settings of stage 5."""

from typing import Literal

from pydantic import Field

from intentrec.settings import Section

# Praise that no fact stands behind, and slogans (RecGPT-V1, section 2.4).
CLICHES = (
    "best", "perfect", "amazing", "stunning", "ultimate", "unbeatable", "incredible", "must-have", "must have",
    "world-class", "exclusive", "luxurious", "premium", "guaranteed", "number one", "top quality", "high quality",
    "highest", "finest", "unique", "magical", "game changer", "elevate", "unleash", "discover the joy",
    "don't miss", "treat yourself", "you will love", "you'll love", "of all time", "revolutionary",
    "the most", "most expensive", "most beautiful", "most popular", "ever", "ever made", "ever seen", "greatest",
    "biggest", "largest", "cheapest", "softest", "prettiest", "nicest", "cutest", "world's", "in the world",
    "beautiful", "gorgeous", "fantastic", "wonderful", "awesome", "superb", "excellent", "outstanding", "exceptional",
    "flawless", "legendary", "unforgettable", "unrivalled", "unmatched", "breathtaking", "timeless", "like no other",
    "one of a kind", "once in a lifetime", "everyone loves", "everybody loves", "лучший", "лучшая", "идеальный",
    "идеальная", "идеально", "потрясающий", "непревзойденный", "непревзойдённый", "уникальный", "эксклюзивный",
    "премиальный", "роскошный", "гарантированно", "высочайшее качество", "номер один", "не упустите",
    "порадуйте себя", "вы полюбите", "волшебный", "революционный", "самый", "наилучший", "наивысший", "величайший",
    "красивейший", "совершенный", "безупречный", "превосходный", "великолепный", "восхитительный", "удивительный",
    "изумительный", "шикарный", "прекрасный", "замечательный", "невероятный", "незабываемый", "легендарный",
    "идеален", "идеальна", "на свете", "всех времен", "всех времён", "в мире", "единственный в своем роде",
    "единственный в своём роде",
)  # fmt: skip
# Materials and properties that small models like to invent; allowed only where the item itself says so.
ATTRIBUTES = (
    "organic", "handmade", "hand-made", "waterproof", "leather", "wooden", "wood", "steel", "cotton", "silk",
    "wool", "silver", "gold", "ceramic", "glass", "plastic", "bamboo", "recyclable", "recycled", "eco-friendly",
    "vegan", "durable", "dishwasher", "washable", "rechargeable", "wireless", "limited edition", "discount", "sale",
    "free", "cheap", "vintage", "натуральный", "деревянный", "кожаный", "водонепроницаемый", "стальной",
    "хлопковый", "шелковый", "шерстяной", "серебряный", "золотой", "керамический", "стеклянный", "пластиковый",
    "бамбуковый", "экологичный", "прочный", "скидка", "распродажа", "бесплатно", "дешевый", "винтажный",
    "ручной работы",
)  # fmt: skip


class ExplanationsConfig(Section):
    """How a sentence ties an item to an interest, and what is refused."""

    mode: Literal["auto", "compose", "choose", "tuned"] = "auto"
    """A model writes each sentence after examples (compose) or asked the short way that models are aligned with
    (tuned), or chooses one of a few that rules made; auto takes tuned where the model has an adapter for the stage,
    choose for other small models."""
    max_words: int = Field(default=16, ge=3, le=40)
    """Longest sentence, in words. Readers find sentences of up to 16 words as clear as shorter ones."""
    min_words: int = Field(default=3, ge=1, le=20)
    """Shortest sentence, in words."""
    max_pairs: int = Field(default=0, ge=0)
    """Pairs that a model writes for, those needed most often first; 0 means all."""
    cliches: tuple[str, ...] = CLICHES
    """Praise and slogans that are refused."""
    attributes: tuple[str, ...] = ATTRIBUTES
    """Properties that may be mentioned only where the item or the interest has them."""
