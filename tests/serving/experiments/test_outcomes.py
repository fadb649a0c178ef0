from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from intentrec.config import template
from intentrec.serving.experiments.config import OutcomesConfig
from intentrec.serving.experiments.definition import Experiment
from intentrec.serving.experiments.outcomes import exposed, stored_panel
from intentrec.tables import EVENTS, EXPOSURES, IMPRESSIONS, ITEMS
from intentrec.workspace import Workspace

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(days):
    return START + days * DAY


def experiment(**given):
    arms = {"a": {"share": 0.5}, "b": {"share": 0.5}}
    return Experiment.model_validate({"salt": "e", "arms": arms, "window_days": 2.0} | given)


def exposure(user, days, arm="a", name="e"):
    return {"experiment": name, "arm": arm, "user_id": user, "timestamp": at(days), "release": "r0001"}


def event(user, days, kind, item="tea", value=None):
    return {"row": 0, "user_id": user, "timestamp": at(days), "event": kind, "item_id": item, "value": value}


def shown(user, days, item, clicked=False):
    return {"user_id": user, "timestamp": at(days), "item_id": item, "clicked": clicked}


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace.create(tmp_path / "shop", template())
    items = [("tea", "drinks"), ("milk", "drinks"), ("spade", "garden"), ("thing", None)]
    workspace.write("items", ITEMS.rows({"item_id": item, "title": item, "category": of} for item, of in items))
    return workspace


def write(workspace, exposures=(), events=(), impressions=()):
    workspace.write("exposures", EXPOSURES.rows(exposures))
    workspace.write("events", EVENTS.rows(events))
    workspace.write("impressions", IMPRESSIONS.rows(impressions))


def measured(workspace, given=None, outcomes=None, now=99.0):
    """Rows by user, as dicts."""
    _, frame = stored_panel(workspace, "e", given or experiment(), outcomes or OutcomesConfig(), at(now))
    return {row["user_id"]: row for row in frame.iter_rows(named=True)}


def test_the_first_exposure_decides_arm_and_time():
    rows = EXPOSURES.rows([exposure("u", 3, "b"), exposure("u", 1, "a"), exposure("v", 2, "b"), exposure("u", 1.5)])
    found = exposed(rows.lazy(), "e", experiment())
    assert found.users.rows() == [("u", "a", at(1)), ("v", "b", at(2))]
    assert (found.crossed, found.strange) == (1, 0)


def test_other_experiments_arms_that_are_gone_and_times_outside_do_not_count():
    rows = EXPOSURES.rows(
        [
            exposure("u", 1, name="f"), exposure("v", 1, "old"), exposure("w", 1, "old"), exposure("w", 2, "b"),
            exposure("x", -0.1), exposure("y", 9),
        ]
    )  # fmt: skip
    found = exposed(rows.lazy(), "e", experiment(start=at(0), end=at(9)))
    assert found.users.rows() == [("w", "b", at(2))]
    assert (found.crossed, found.strange) == (0, 1)


def test_every_metric_of_one_user_by_hand(workspace):
    write(
        workspace,
        [exposure("u", 0)],
        [
            event("u", 0.1, "view"), event("u", 0.2, "detail"), event("u", 0.3, "dwell", value=30.0),
            event("u", 0.4, "dwell", value=12.5), event("u", 0.5, "cart"), event("u", 0.6, "purchase", value=9.0),
            event("u", 1.9, "purchase", value=None), event("u", 1.0, "purchase", value=1.0), event("u", 1.1, "click"),
        ],
        [
            shown("u", 0.1, "tea", clicked=True), shown("u", 0.1, "milk"), shown("u", 0.2, "spade", clicked=True),
            shown("u", 1.5, "tea", clicked=True), shown("u", 0.2, "thing", clicked=True), shown("u", 1.6, "gone"),
        ],
    )  # fmt: skip
    expected = {
        "clicks": 4, "showings": 6, "views": 2, "dwell": 42.5, "shown_categories": 2, "clicked_categories": 2,
        "click_days": 2, "carts": 1, "purchases": 3, "spent": 10,
    }  # fmt: skip
    assert measured(workspace)["u"] == {"user_id": "u", "arm": "a", "since": at(0)} | expected


def test_only_what_lies_in_the_window_counts_the_first_moment_in_and_the_last_out(workspace):
    views = [event("u", days, "view") for days in (0.999, 1.0, 2.999, 3.0)]
    write(workspace, [exposure("u", 1)], views)
    assert measured(workspace)["u"]["views"] == 2


def test_days_are_counted_from_the_first_exposure(workspace):
    clicks = [shown("u", days, "tea", clicked=True) for days in (0.4, 0.6, 0.99, 1.01)]
    write(workspace, [exposure("u", 0)], (), clicks)  # 0.5 is a midnight
    assert measured(workspace)["u"]["click_days"] == 2


def test_a_user_who_does_nothing_counts_with_zeros(workspace):
    write(workspace, [exposure("u", 0), exposure("v", 0)], [event("v", 1, "view"), event("w", 1, "view")])
    found = measured(workspace)
    assert set(found) == {"u", "v"}
    assert found["u"]["views"] == found["u"]["showings"] == 0


def test_showings_and_clicks_may_come_from_events(workspace):
    write(
        workspace,
        [exposure("u", 0)],
        [event("u", 0.1, "seen"), event("u", 0.1, "seen", "spade"), event("u", 0.2, "tap"), event("u", 0.3, "click")],
        [shown("u", 0.1, "milk", clicked=True)],
    )
    row = measured(workspace, outcomes=OutcomesConfig(shown_from="events", impression=("seen",), click=("tap",)))["u"]
    assert (row["clicks"], row["showings"], row["shown_categories"], row["clicked_categories"]) == (1, 2, 2, 1)


def test_one_kind_may_be_two_acts_and_an_act_several_kinds(workspace):
    write(workspace, [exposure("u", 0)], [event("u", 0.1, "order", value=5.0), event("u", 0.2, "cart")])
    row = measured(workspace, outcomes=OutcomesConfig(cart=("cart", "order"), purchase=("order",)))["u"]
    assert (row["carts"], row["purchases"], row["spent"]) == (2, 1, 5)


def test_the_time_before_is_measured_like_the_time_after(workspace):
    views = [event("u", days, "view") for days in (-3.01, -3.0, -0.01, 0.0, 0.5)]
    write(workspace, [exposure("u", 0)], views)
    row = measured(workspace, experiment(pre_days=3.0))["u"]
    assert (row["before_views"], row["views"], row["before_spent"]) == (2, 2, 0)


def test_values_above_a_cap_count_as_the_cap_before_and_after(workspace):
    bought = [event("u", -0.5, "purchase", value=70.0), event("u", 0.5, "purchase", value=80.0)]
    write(workspace, [exposure("u", 0)], bought)
    row = measured(workspace, experiment(pre_days=3.0), OutcomesConfig(caps={"GMV": 50.0}))["u"]
    assert (row["spent"], row["before_spent"], row["purchases"]) == (50, 50, 1)


def test_values_that_are_no_numbers_are_left_out(workspace):
    write(workspace, [exposure("u", 0)], [event("u", 0.1, "dwell", value=v) for v in (float("nan"), float("inf"), 3.0)])
    assert measured(workspace)["u"]["dwell"] == 3


def test_who_is_exposed_later_than_now_does_not_count(workspace):
    write(workspace, [exposure("u", 0), exposure("v", 5)])
    assert set(measured(workspace, now=5)) == {"u"}


def test_without_any_table_there_is_nobody(workspace):
    assert measured(workspace) == {}


def test_tables_without_optional_columns_can_be_read(workspace):
    workspace.write("exposures", EXPOSURES.rows([exposure("u", 0)]))
    write_plain = EVENTS.rows([event("u", 0.5, "view")]).drop("value", "weight", "query")
    workspace.write("events", write_plain)
    assert measured(workspace)["u"]["views"] == 1


def test_rows_are_in_the_order_of_first_exposures(workspace):
    write(workspace, [exposure("z", 0), exposure("b", 1), exposure("a", 1)])
    assert list(measured(workspace)) == ["z", "a", "b"]


def test_categories_are_those_of_the_release_where_there_is_one(workspace, monkeypatch):
    write(workspace, [exposure("u", 0)], (), [shown("u", 0.1, "tea"), shown("u", 0.1, "milk")])

    class Manifest:
        tables = ("catalogue",)

    catalogue = pl.DataFrame({"item_id": ["tea", "milk"], "category": ["cups", "jugs"]})
    monkeypatch.setattr(workspace.releases, "current", lambda: Manifest)
    monkeypatch.setattr(workspace, "read_release", lambda name, manifest: catalogue)
    assert measured(workspace)["u"]["shown_categories"] == 2
