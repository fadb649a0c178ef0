"""Words that decide without a model, in two languages: what is unsafe, claimed or ordered. Few on purpose."""

import re

from intentrec.text.words import COLOURS

# Promises of health and money, insults, violence, and what touches people privately.
UNSAFE = (
    "cures", "cured", "heals", "lowers blood pressure", "blood pressure", "weight loss", "lose weight",
    "burns fat", "cancer", "diabetes", "depression", "clinically proven", "doctor recommended", "anti-aging miracle",
    "get rich", "earn money", "make money", "guaranteed income", "risk-free", "stupid", "idiot", "ugly", "moron",
    "loser", "fat people", "porn", "porno", "nude", "xxx", "fetish", "suicide", "murder", "rape", "kill yourself",
    "cocaine", "heroin", "pregnant", "divorce", "divorced", "bankrupt", "your illness", "your disease", "your religion",
    "your weight", "your debt", "your salary", "вылечит", "излечит", "лечит", "исцелит", "исцеляет", "снизит давление",
    "снизит ваше давление", "похудение", "похудеть", "похудеете", "сжигает жир", "диабет", "депрессия",
    "клинически доказано", "врачи рекомендуют", "разбогатеть", "разбогатеете", "быстрый заработок", "без риска",
    "дурак", "идиот", "урод", "тупой", "порно", "эротика", "самоубийство", "убийство", "убей", "кокаин", "героин",
    "беременна", "беременны", "развод", "банкрот", "ваша болезнь", "ваша вера", "ваш вес", "ваши долги",
    "ваша зарплата",
)  # fmt: skip
# Unmistakable names only: "apple", "gap" or "target" are words first.
KNOWN_BRANDS = (
    "nike", "adidas", "puma", "reebok", "samsung", "sony", "xiaomi", "huawei", "philips", "bosch", "siemens",
    "panasonic", "nikon", "lego", "barbie", "disney", "ikea", "zara", "gucci", "prada", "chanel", "louis vuitton",
    "rolex", "dyson", "tefal", "gillette", "nivea", "l'oreal", "colgate", "lenovo", "asus", "garmin", "fitbit", "gopro",
    "nintendo", "playstation", "xbox", "iphone", "ipad", "macbook", "coca-cola", "pepsi", "nescafe", "starbucks",
    "nespresso", "kitchenaid", "tupperware", "levi's", "calvin klein", "tommy hilfiger", "lacoste", "ray-ban",
    "swarovski", "найк", "адидас", "самсунг", "икеа", "лего", "сяоми", "хуавей", "филипс", "барби", "айфон", "дисней",
)  # fmt: skip
_NOT_ONLY_COLOURS = frozenset(
    (
        "orange", "olive", "peach", "mint", "mustard", "lavender", "clear", "pale", "dark", "light", "bright", "cream",
        "pearl", "aqua", "ivory", "amber", "emerald", "charcoal", "lilac", "violet", "rose", "khaki", "mauve", "pastel",
    )
)  # fmt: skip
# What may be said of an item only if it is known of it, beside the attributes that the explanations' gate knows.
CLAIMED = (
    "oak", "mahogany", "teak", "marble", "granite", "crystal", "porcelain", "stoneware", "earthenware", "bone china",
    "copper", "brass", "cast iron", "aluminium", "aluminum", "titanium", "stainless", "chrome", "enamel", "linen",
    "velvet", "satin", "denim", "fleece", "cashmere", "polyester", "nylon", "rubber", "silicone", "wicker", "rattan",
    "acrylic", "suede", "foldable", "folds flat", "portable", "adjustable", "microwave", "oven-safe", "heat-resistant",
    "non-stick", "non-slip", "shockproof", "fireproof", "stain-resistant", "leakproof", "bpa-free", "fair trade",
    "hypoallergenic", "solar", "battery-powered", "bluetooth", "patented", "certified", "award-winning", "imported",
    "warranty", "guarantee", "free delivery", "free shipping", "half price", "giant", "jumbo", "huge", "xl", "xxl",
    "oversized", "дубовый", "дубовая", "мраморный", "хрустальный", "фарфоровый", "медный", "латунный", "чугунный",
    "алюминиевый", "льняной", "бархатный", "атласный", "резиновый", "силиконовый", "складной", "складная",
    "переносной", "регулируемый", "жаропрочный", "нескользящий", "гипоаллергенный", "сертифицированный", "гарантия",
    "бесплатная доставка", "огромный", "гигантский",
    *sorted(COLOURS - _NOT_ONLY_COLOURS),
)  # fmt: skip
# The months in which a feast is near or ahead.
FEASTS: dict[str, frozenset[int]] = {
    word: frozenset(months)
    for months, listed in (
        ((9, 10, 11, 12), ("christmas", "xmas", "advent", "рождеств")),
        ((10, 11, 12, 1), ("new year", "новый год", "новогодн")),
        ((1, 2, 3, 4), ("easter", "пасх")),
        ((8, 9, 10), ("halloween", "хэллоуин", "хеллоуин")),
        ((1, 2), ("valentine", "день святого валентина")),
        ((9, 10, 11), ("thanksgiving", "день благодарения")),
    )
    for word in listed
}
# Words that good sentences are made of, whatever the item: they claim nothing.
_COMMON = """
    like love enjoy fit fits suit suits may might can could will would try look have has find picks pick picked match
    matches pair pairs goes go work works make makes made take takes give gives keep keeps bring brings add adds help
    helps serve serves hold holds use used great good nice just right ready perfect fan fans interest interests theme
    taste kind close similar under mind home day days evening evenings morning time times season little touch way
    favourite favorite next new one another more also well any every all when while where who what how if so not no
    ideal style idea gift treat set room table kitchen garden
    нравится любите близко похоже подойдёт подойдет подходит может могут можно пригодиться пригодится взгляните тому
    той теме раздела ваш вашего вашему интерес интересу вкусу вкус находка дом дома день вечер утро время ещё еще
    для когда если пока чтобы что как где кто будет есть поможет добавит станет хорошо уютно новый раз
"""
COMMON = frozenset(_COMMON.split())
INJECTED = re.compile(
    r"\b(ignore|disregard|forget|override)\s+(the|all|any|every|your|previous|above|these|those|earlier)\b|"
    r"\b(output|answer|respond|reply)\s+(only|with|exactly)\b|"
    r"\byou (must|are now|have to) (answer|output|act|be)\b|\b(system prompt|jailbreak|developer mode)\b|"
    r"\b(игнорируй|забудь|не обращай внимания на)\w*\s|\b(выведи|ответь|напечатай)\s+(только|слово|фразу)\b",
    re.IGNORECASE,
)
PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.\w+|https?://|\bwww\.|(?:\+?\d[\s().-]?){9,}")
