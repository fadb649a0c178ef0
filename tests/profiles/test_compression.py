import pytest

from intentrec.profiles import ProfilesConfig


def lines(result):
    (user,) = result.table["lines"].to_list()
    return [(line["text"], line["rows"]) for line in user]


def test_the_two_steps_of_the_paper_by_hand(profiles):
    # Step 1, (time, behaviours) -> items:  (2024-05-20, cart+purchase) -> {tea, cup};  (2024-05-20, cart) -> {hat}
    #                                       (2024-03, purchase) -> {cup, tea};  (2022, purchase) -> {hat}
    # Step 2, items -> (time, behaviours):  {cup, tea} -> 2024-05-20 and 2024-03;  {hat} -> 2024-05-20 and 2022
    result = profiles(
        [
            ("u", "2022-07-01", "purchase", "hat"),  # row 0
            ("u", "2024-03-02", "purchase", "tea"),
            ("u", "2024-03-09", "purchase", "cup"),
            ("u", "2024-05-20T10:00", "cart", "hat"),
            ("u", "2024-05-20T10:01", "cart", "tea"),
            ("u", "2024-05-20T10:02", "cart", "cup"),
            ("u", "2024-05-20T10:03", "purchase", "cup"),
            ("u", "2024-05-20T10:03", "purchase", "tea"),
        ]
    )
    assert lines(result) == [
        ("2024-05-20 (cart, purchase), 2024-03 (purchase) | cup, tea", [1, 2, 4, 5, 6, 7]),
        ("2024-05-20 (cart), 2022 (purchase) | hat", [0, 3]),
    ]


@pytest.mark.parametrize(
    ("time", "label"),
    [
        ("2024-05-31T23:59", "2024-05-31"),
        ("2024-05-01T00:00:01", "2024-05-01"),  # a second less than 31 days
        ("2024-05-01", "2024-05"),  # 31 days
        ("2023-06-03", "2023-06"),
        ("2023-06-02", "2023"),  # 365 days
    ],
)
def test_time_is_rounded_by_age(profiles, time, label):
    assert lines(profiles([("u", time, "purchase", "tea")])) == [(f"{label} (purchase) | tea", [0])]


def test_bounds_of_age_are_settings(profiles):
    config = ProfilesConfig(day_days=0, month_days=0)
    assert lines(profiles([("u", "2024-05-31", "purchase", "tea")], config=config)) == [("2024 (purchase) | tea", [0])]


def test_month_days_below_day_days_are_refused():
    with pytest.raises(ValueError, match="month_days"):
        ProfilesConfig(day_days=40, month_days=30)


def test_queries_are_things_in_quotes(profiles):
    result = profiles([("u", "2024-05-20", "search", '"green tea"'), ("u", "2024-05-20", "search", '"cups"')])
    assert lines(result) == [('2024-05-20 (search) | "cups", "green tea"', [0, 1])]


def test_noise_is_dropped_and_returns_are_listed_by_name(profiles):
    result = profiles(
        [
            ("u", "2024-05-20", "view", "lamp"),
            ("u", "2024-05-20", "click", "lamp"),
            ("u", "2024-05-20", "purchase", "tea"),
            ("u", "2024-05-21", "return", "tea"),
        ]
    )
    assert lines(result) == [("2024-05-21 (return), 2024-05-20 (purchase) | tea", [2, 3])]


def test_items_of_one_name_are_one_thing(profiles):
    names = {"i1": "red cup", "i2": "red cup"}
    result = profiles([("u", "2024-05-20", "purchase", "i1"), ("u", "2024-05-20", "purchase", "i2")], names=names)
    assert lines(result) == [("2024-05-20 (purchase) | red cup", [0, 1])]


def test_long_lines_are_written_as_several(profiles):
    rows = [("u", "2024-05-20", "purchase", item) for item in "abcde"]
    result = profiles(rows, config=ProfilesConfig(max_items_per_line=2))
    assert [text.split(" | ")[1] for text, _ in lines(result)] == ["a, b", "c, d", "e"]


def test_newest_lines_come_first(profiles):
    rows = [("u", f"2024-05-{day}", "purchase", f"thing{day}") for day in (11, 29, 17)]
    assert [text[:10] for text, _ in lines(profiles(rows))] == ["2024-05-29", "2024-05-17", "2024-05-11"]
