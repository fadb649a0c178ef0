import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.data import DataConfig, EventsConfig, Known, check, number_rows, read
from intentrec.data.checks import COPY, STORED
from intentrec.data.source import Source
from intentrec.errors import DataError
from intentrec.tables import EVENTS, ITEMS, QUARANTINE, TIMESTAMP

NOW = datetime(2024, 6, 1, tzinfo=UTC)
DAY = datetime(2024, 1, 1, tzinfo=UTC)


def reasons(checked) -> list[tuple[int, str]]:
    return list(checked.quarantine.select("line", "reason").iter_rows())


def test_sound_events_pass_in_contract_order_with_further_columns_behind(checked, event):
    result = checked("events", [{"quantity": 3, **event()}])
    assert result.frame.columns == [*(c.name for c in EVENTS.columns if c.name != "row"), "quantity"]
    assert result.counts == Counter()
    assert result.quarantine.is_empty()
    assert result.quarantine.schema == QUARANTINE.schema
    EVENTS.check(number_rows(result.frame, 0))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"user_id": None}, "user_id is missing or empty"),
        ({"user_id": "  "}, "user_id is missing or empty"),
        ({"event": None}, "event is missing or empty"),
        ({"timestamp": None}, "timestamp is missing or empty"),
        ({"timestamp": datetime(1989, 12, 31, tzinfo=UTC)}, "timestamp is before data.earliest in intentrec.toml"),
        ({"timestamp": NOW + timedelta(seconds=1)}, "timestamp is later than the ingest or data.latest"),
        ({"item_id": "z"}, "item_id is not among the items; ingest its item first"),
        ({"item_id": None}, "event has neither item_id nor query"),
        ({"item_id": "", "query": " "}, "event has neither item_id nor query"),
        ({"event": "zap"}, "unknown kind of event 'zap'; add [events.zap] with a role to intentrec.toml"),
        ({"value": "cheap"}, "value is not a number"),
        ({"value": "inf"}, "value is not a number"),
        ({"weight": "1,5"}, "weight is not a number"),
    ],
)
def test_each_bad_event_is_quarantined_with_its_reason(checked, event, values, reason):
    sound = {**event(), "query": None, "value": "1", "weight": "1"}
    result = checked("events", [sound, {**sound, **values}, {**sound, "item_id": "b"}])
    assert reasons(result) == [(2, reason)]
    assert result.frame["item_id"].to_list() == ["a", "b"]
    assert result.counts == Counter({reason: 1})


def test_a_time_that_cannot_be_read_names_the_setting(checked, event):
    rows = [event(timestamp="2024-01-01"), event(timestamp="yesterday")]
    reason = "timestamp is not a time written as 'iso' (see data.timestamp in intentrec.toml)"
    assert reasons(checked("events", rows)) == [(2, reason)]


def test_the_first_reason_is_given_and_the_row_is_counted_once(checked, event):
    result = checked("events", [event(), event(user_id=None, item_id="z", event="zap")])
    assert reasons(result) == [(2, "user_id is missing or empty")]
    assert result.counts.total() == 1


def test_the_limits_of_time_are_inside(checked, event):
    config = DataConfig(earliest=DAY)
    rows = [event(timestamp=DAY), event(timestamp=NOW), event(timestamp=DAY - timedelta(microseconds=1))]
    assert checked("events", rows, config).frame["timestamp"].to_list() == [DAY, NOW]


def test_latest_replaces_the_moment_of_the_ingest(checked, event):
    config = DataConfig(latest=NOW + timedelta(days=9))
    assert checked("events", [event(timestamp=NOW + timedelta(days=9))], config).counts == Counter()


def test_a_search_needs_no_item(checked, event):
    result = checked("events", [event(event="search", item_id=None, query="red mug")])
    assert result.frame.select("item_id", "query").row(0) == (None, "red mug")


def test_a_file_of_searches_needs_no_item_column(checked):
    rows = [{"user_id": "u", "timestamp": DAY, "event": "search", "query": "mug"}]
    assert checked("events", rows).frame["item_id"].to_list() == [None]


def test_many_unknown_kinds_are_a_wrong_column(checked, event):
    result = checked("events", [event(event=f"k{n:02}") for n in range(30)])
    assert result.counts["unknown kind of event, one of many; is this the right column?"] == 10
    assert len(result.counts) == 21


def test_an_exact_copy_is_quarantined_and_the_first_stands(checked, event):
    result = checked("events", [event(value=1.0), event(value=2.0), event(value=1.0), event(value=1.0)])
    assert reasons(result) == [(3, COPY), (4, COPY)]
    assert result.frame["value"].to_list() == [1.0, 2.0]


def test_a_bad_row_does_not_make_a_good_one_its_copy(checked, event):
    result = checked("events", [event(value="bad"), event(value=None)])
    assert reasons(result) == [(1, "value is not a number")]
    assert result.frame.height == 1


def test_rows_that_are_stored_already_are_counted_and_not_quarantined(checked, event):
    stored = number_rows(checked("events", [event(value=1.0), event(item_id="b")]).frame, 0)
    result = checked("events", [event(value=1.0), event(value=2.0), event(item_id="b", value=None)], stored=stored)
    assert result.counts == Counter({STORED: 2})
    assert result.frame["value"].to_list() == [2.0]
    assert result.quarantine.is_empty()


def test_a_stored_row_without_a_new_column_equals_one_that_has_no_value_in_it(checked, event):
    stored = number_rows(checked("events", [event()]).frame, 0)
    rows = [event(shop=None), event(shop="x")]
    result = checked("events", pl.DataFrame(rows, schema_overrides={"shop": pl.String}), stored=stored)
    assert result.frame["shop"].to_list() == ["x"]


def test_a_file_given_twice_adds_nothing(checked, event):
    rows = [event(timestamp=DAY + timedelta(days=n), quantity=n) for n in range(5)]
    stored = number_rows(checked("events", rows).frame, 0)
    again = checked("events", rows, stored=stored)
    assert again.frame.is_empty()
    assert again.counts == Counter({STORED: 5})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"item_id": None}, "item_id is missing or empty"),
        ({"title": ""}, "title is missing or empty"),
        ({"title": " \t "}, "title is missing or empty"),
        ({"title": None}, "title is missing or empty"),
        ({"price": "free"}, "price is not a number"),
        ({"created_at": "soon"}, "created_at is not a time written as 'iso' (see data.timestamp in intentrec.toml)"),
    ],
)
def test_each_bad_item_is_quarantined_with_its_reason(checked, values, reason):
    sound = {"item_id": "a", "title": "Mug", "price": "1", "created_at": "2024-01-01"}
    result = checked("items", [sound, {**sound, "item_id": "b", **values}])
    assert reasons(result) == [(2, reason)]
    ITEMS.check(result.frame)


def test_of_items_with_one_id_the_last_stands(checked):
    result = checked("items", [{"item_id": i, "title": t} for i, t in (("a", "1"), ("b", "2"), ("a", "3"), ("a", "4"))])
    assert reasons(result) == [(n, "item_id comes again further down; the last row stands") for n in (1, 3)]
    assert result.frame["title"].to_list() == ["2", "4"]


def test_of_users_with_one_id_the_last_sound_row_stands(checked):
    rows = [{"user_id": "u", "country": "FR"}, {"user_id": "u", "country": "UK"}, {"user_id": None, "country": "DE"}]
    result = checked("users", rows)
    assert result.frame.rows() == [("u", "UK")]
    assert result.counts.total() == 2


def test_impressions_are_checked_like_events(checked):
    sound = {"user_id": "u", "timestamp": DAY, "item_id": "a", "clicked": "true", "position": "1"}
    rows = [
        sound,
        sound,
        {**sound, "item_id": "z"},
        {**sound, "clicked": "perhaps"},
        {**sound, "clicked": None},
        {**sound, "position": "1.5"},
        {**sound, "timestamp": NOW + timedelta(days=1)},
    ]
    assert reasons(checked("impressions", rows)) == [
        (2, COPY),
        (3, "item_id is not among the items; ingest its item first"),
        (4, "clicked is not true or false"),
        (5, "clicked is missing or empty"),
        (6, "position is not a whole number"),
        (7, "timestamp is later than the ingest or data.latest"),
    ]


def test_the_record_shows_the_file_s_own_names_and_values(checked):
    config = DataConfig(rename={"items": {"name": "title"}}, max_bad_share=1)
    result = checked("items", [{"item_id": "a", "name": None, "price": 2.5, "blob": b"x"}], config)
    row = result.quarantine.row(0, named=True)
    assert (row["table"], row["source"], row["line"]) == ("items", "f.parquet", 1)
    assert json.loads(row["record"]) == {"item_id": "a", "name": None, "price": 2.5}


def test_a_long_record_is_kept_in_part(checked):
    result = checked("items", [{"item_id": None, "title": "x" * 5000}, {"item_id": "a", "title": "Mug"}])
    assert result.quarantine["record"].str.len_chars().to_list() == [2000]


def test_broken_lines_and_bad_rows_stand_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text('{"item_id": "a", "title": ""}\n{"item_id": \n{"item_id": "b", "title": "Mug"}\n{"item_id": "c"}\n')
    result = check(read(path), "items", DataConfig(), EventsConfig(), Known(NOW))
    assert result.quarantine["line"].to_list() == [1, 2, 4]
    assert result.quarantine["source"].unique().to_list() == ["items.jsonl"]
    assert result.quarantine["table"].unique().to_list() == ["items"]
    assert result.frame["item_id"].to_list() == ["b"]


def test_csv_ids_stay_as_written_and_further_columns_become_numbers(tmp_path):
    path = tmp_path / "users.csv"
    path.write_text("user_id,age,code,share,note\n007,31,01,0.5,x\n8,,02,1,3\n")
    frame = check(read(path), "users", DataConfig(), EventsConfig(), Known(NOW)).frame
    assert frame.rows() == [("007", 31, "01", 0.5, "x"), ("8", None, "02", 1.0, "3")]


@pytest.mark.parametrize(
    ("table", "rows", "says"),
    [
        ("items", [{"item_id": "a", "name": "Mug"}], r"needs the column 'title'.*data\.rename\.items.*their_name"),
        ("events", [{"user_id": "u", "timestamp": DAY, "item_id": "a"}], "needs the column 'event'"),
        ("events", [{"user_id": "u", "timestamp": DAY, "event": "view"}], "needs the column 'item_id'"),
        ("users", [{"id": "u"}], "needs the column 'user_id'; the file has id"),
        ("items", [{"item_id": ["a"], "title": "Mug"}], r"'item_id' holds List\(String\) values but must be String"),
        ("events", [{"user_id": "u", "timestamp": 1.7e9, "event": "view", "item_id": "a"}], r'timestamp = "s"'),
        (
            "events",
            [{"user_id": "u", "timestamp": DAY, "event": "view", "item_id": "a", "row": 1}],
            "a name that intentrec gives itself",
        ),
    ],
)
def test_a_column_that_never_fits_refuses_the_file(checked, table, rows, says):
    with pytest.raises(DataError, match=says) as caught:
        checked(table, rows)
    assert str(caught.value).startswith("f.parquet: ")


def test_renaming_onto_an_existing_column_is_an_error(checked):
    config = DataConfig(rename={"items": {"name": "title"}})
    with pytest.raises(DataError, match="second column 'title'"):
        checked("items", [{"item_id": "a", "title": "x", "name": "Mug"}], config)


def test_two_columns_may_swap_names(checked):
    config = DataConfig(rename={"items": {"name": "title", "title": "name"}})
    frame = checked("items", [{"item_id": "a", "title": "x", "name": "Mug"}], config).frame
    assert frame.select("title", "name").row(0) == ("Mug", "x")


def test_a_rename_of_an_absent_column_is_left_aside(checked):
    config = DataConfig(rename={"items": {"name": "title"}})
    assert checked("items", [{"item_id": "a", "title": "x"}], config).frame.height == 1


def test_a_file_that_mostly_fails_is_refused_with_the_commonest_reason(checked, event):
    rows = [event(item_id=f"z{n}") for n in range(19)]
    with pytest.raises(DataError, match=r"19 of 20 rows fail, 19 of them because item_id is not among the items"):
        checked("events", [*rows, event()], DataConfig())
    assert checked("events", [*rows, event()], DataConfig(max_bad_share=0.95)).frame.height == 1


def test_copies_do_not_make_a_file_refused(checked, event):
    assert checked("events", [event()] * 50, DataConfig()).counts == Counter({COPY: 49})


def test_rows_are_numbered_in_time_order_and_ties_keep_the_order_of_the_file(checked, event):
    rows = [event(timestamp=DAY + timedelta(days=d), item_id=i) for d, i in ((2, "a"), (1, "b"), (1, "a"), (0, "b"))]
    numbered = number_rows(checked("events", rows).frame, 7)
    assert numbered["row"].to_list() == [7, 8, 9, 10]
    assert numbered["item_id"].to_list() == ["b", "b", "a", "a"]
    assert numbered.columns[0] == "row"
    assert numbered["timestamp"].is_sorted()


def test_numbering_nothing_gives_nothing(checked, event):
    nothing = checked("events", [event(user_id=None)]).frame
    assert number_rows(nothing, 3).is_empty()
    assert number_rows(nothing, 3).schema["row"] == pl.Int64


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "user_id": st.sampled_from(["u", "v", "", None]),
                "timestamp": st.sampled_from(["2024-01-01", "2024-01-02 10:00", "1970-01-01", "2030-01-01", "x", None]),
                "event": st.sampled_from(["view", "search", "zap", None]),
                "item_id": st.sampled_from(["a", "b", "z", None]),
                "query": st.sampled_from(["mug", None]),
                "value": st.sampled_from(["1", "2", "no", None]),
            }
        ),
        min_size=1,
        max_size=40,
    )
)
def test_every_row_comes_out_exactly_once_and_what_passes_passes_again(rows):
    config = DataConfig(max_bad_share=1)
    known = Known(NOW, pl.Series(["a", "b"]))
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
    result = check(Source(Path("f.csv"), frame), "events", config, EventsConfig(), known)
    assert result.frame.height + result.quarantine.height == len(rows)
    assert result.counts.total() == result.quarantine.height
    assert result.quarantine["line"].is_unique().all()
    assert result.frame.schema["timestamp"] == TIMESTAMP
    again = check(Source(Path("f.parquet"), result.frame), "events", config, EventsConfig(), known)
    assert again.frame.equals(result.frame)
    assert again.quarantine.is_empty()


def test_without_a_list_of_items_any_item_is_known(checked, event):
    assert checked("events", [event(item_id="z")], items=None).frame.height == 1


def test_stored_rows_of_another_time_are_not_looked_at(checked, event):
    stored = number_rows(checked("events", [event(timestamp=DAY + timedelta(days=9))]).frame, 0)
    assert checked("events", [event()], stored=stored).counts == Counter()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("uv"), st.integers(0, 9), st.sampled_from("ab")), min_size=1, max_size=30),
    st.integers(0, 9),
)
def test_a_log_in_two_files_by_time_gives_the_rows_and_numbers_of_one_file(rows, cut):
    def checked(part, stored=None):
        frame = pl.DataFrame(
            {
                "user_id": [u for u, _, _ in part],
                "timestamp": pl.Series([DAY + timedelta(days=d) for _, d, _ in part], dtype=TIMESTAMP),
                "event": ["view"] * len(part),
                "item_id": [i for _, _, i in part],
            },
            schema_overrides={"user_id": pl.String, "event": pl.String, "item_id": pl.String},
        )
        known = Known(NOW, pl.Series(["a", "b"]), stored)
        return check(Source(Path("f.parquet"), frame), "events", DataConfig(), EventsConfig(), known).frame

    whole = number_rows(checked(rows), 0)
    early = number_rows(checked([row for row in rows if row[1] < cut]), 0)
    late = number_rows(checked([row for row in rows if row[1] >= cut], early.lazy()), early.height)
    assert pl.concat([early, late]).equals(whole)
