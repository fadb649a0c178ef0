import pytest

from intentrec.text.words import content_words, plain, stem


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "hanging heart t-light holder"),
        ("SET OF 6 SPICE TINS PANTRY DESIGN", "spice tins pantry"),
        ("SET/20 RED RETROSPOT PAPER NAPKINS", "retrospot paper napkins"),
        ("PACK OF 12 SKULL TISSUES", "skull tissues"),
        ("POLYESTER FILLER PAD 65CMx65CM", "polyester filler pad"),
        ("MILK BOTTLE WITH GLASS STOPPER", "milk bottle"),
        ("AMETHYST CHUNKY BEAD BRACELET W STR", "chunky bead bracelet"),
        ("CAMPING SCISSOR W/KNIF & S", "camping scissor"),
        ("DECORATION , WOBBLY CHICKEN, METAL", "decoration"),
        ('LETTER "A" BLING KEY RING', "letter bling key ring"),
        ("4 PURPLE FLOCK DINNER CANDLES", "flock dinner candles"),
        ("RED & WHITE, 3 PIECE SET", ""),
        ("Кроссовки мужские беговые, синие, 42", "кроссовки мужские беговые"),
        ("Чайник электрический для кухни 1.7 л", "чайник электрический"),
        ("CHILDREN`S APRON", "children's apron"),
    ],
)
def test_what_names_no_product_is_left_out(title, words):
    assert " ".join(content_words(title)) == words


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("bags", "bag"), ("boxes", "box"), ("candles", "candle"), ("berries", "berry"), ("dishes", "dish"),
        ("glass", "glass"), ("christmas", "christmas"), ("iris", "iris"), ("cactus", "cactus"), ("tea", "tea"),
        ("children's", "children"), ("сумки", "сумки"), ("gas", "gas"),
    ],
)  # fmt: skip
def test_a_stem_joins_plural_and_singular(word, expected):
    assert stem(word) == expected


def test_plain_titles_have_no_counts_and_measures():
    assert plain("Pack of 6 MUGS 30cm").split() == ["mugs"]
