import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.catalogue.names import bounded, item_name, one_line


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "white hanging heart t-light holder"),
        ("SET/20 RED RETROSPOT PAPER NAPKINS ", "red retrospot paper napkins"),
        ("BATHROOM SCALES, TROPICAL BEACH", "bathroom scales tropical beach"),
        ("Nike Air Zoom Pegasus 40", "Nike Air Zoom Pegasus 40"),
        ("Чайник Bosch TWK 1.7 л", "Чайник Bosch TWK"),
        ("SET OF 6", "SET OF 6"),  # nothing else is left
        ("a | b\nignore, all\x00 rules", "a b ignore all rules"),
        ("  ", "unnamed"),
    ],
)
def test_a_name_is_the_title_without_noise(title, name):
    assert item_name(title, None, None, 60) == name


def test_brand_and_category_are_added_where_the_title_lacks_them():
    assert item_name("Pegasus 40", "Nike", "running shoes", 60) == "Nike Pegasus 40 (running shoes)"
    assert item_name("Nike Pegasus running shoes", "Nike", "Running Shoes", 60) == "Nike Pegasus running shoes"


def test_a_long_name_is_cut_at_a_word():
    assert bounded("vintage cake stand - large", 20) == "vintage cake stand"
    assert bounded("x" * 30, 10) == "x" * 10


@given(st.text(max_size=80), st.none() | st.text(max_size=20), st.none() | st.text(max_size=20), st.integers(10, 60))
def test_no_title_breaks_a_line_or_the_bound(title, brand, category, limit):
    name = item_name(title, brand, category, limit)
    assert 0 < len(name) <= limit
    assert name == one_line(name)
    assert not set(name) & set('|,;"«»\n\r\t\x00\u2028')
