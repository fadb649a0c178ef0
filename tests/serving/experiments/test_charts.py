from datetime import UTC, datetime, timedelta
from math import inf, nan
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.serving.experiments.charts import HEIGHT, WIDTH, Mark, Series, chart, marks
from intentrec.serving.experiments.figures import chance, level, percent

START = datetime(2026, 3, 1, tzinfo=UTC)


def times(n):
    return [START + timedelta(days=k) for k in range(n)]


def drawn(*values, band=(), share=True):
    found = chart("t", times(len(values)), [Series("a", values, "#000", band)], share=share)
    assert found is not None
    return found


def places(path):
    return [tuple(map(float, point.split(","))) for point in path.strip("MZ").split("L")]


def test_points_lie_where_their_values_are():
    found = drawn(0.0, 0.5, 1.0)
    (x0, y0), (x1, y1), (x2, y2) = places(found.lines[0].path)
    assert (x0, y0) == (found.left, found.zero) == (found.left, found.bottom)
    assert x1 == pytest.approx((x0 + x2) / 2, abs=0.1)
    assert y1 == pytest.approx((y0 + y2) / 2, abs=0.1)


def test_zero_is_always_in_sight():
    assert 0 <= drawn(0.3, 0.4).zero <= HEIGHT
    assert 0 <= drawn(-0.3, -0.4).zero <= HEIGHT


def test_the_first_wide_bands_do_not_press_the_rest_flat():
    found = drawn(0.01, 0.01, 0.01, band=[(-inf, inf), (-5.0, 5.0), (0.0, 0.02)])
    top, bottom = places(found.lines[0].band)[2][1], places(found.lines[0].band)[3][1]
    assert bottom - top > HEIGHT / 10
    assert "0%" in [tick.text for tick in found.y]


def test_values_that_are_no_numbers_are_left_out():
    assert len(places(drawn(0.1, nan, 0.3).lines[0].path)) == 2


def test_without_looks_there_is_nothing_to_draw():
    assert chart("t", [], [], share=True) is None


@pytest.mark.parametrize("share", [True, False])
def test_ticks_are_round(share):
    said = [tick.text for tick in drawn(0, 1234, share=share).y]
    assert said == (["0%", "+50000%", "+100000%"] if share else ["0", "500", "1,000"])


def test_many_days_are_named_sparsely():
    assert [tick.text for tick in drawn(*range(20)).x] == [f"03-{n:02d}" for n in range(1, 21, 3)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_everything_lies_within_the_drawing(values):
    found = drawn(*values, band=[(value - 1, value + 1) for value in values])
    points = places(found.lines[0].path) + places(found.lines[0].band)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert all(0 <= tick.at <= HEIGHT for tick in found.y)


def test_intervals_share_one_scale_and_those_without_ends_have_none():
    assert marks([(-1.0, 0.0, 1.0), (-inf, 0.0, inf), (0.0, 0.5, 1.0)]) == [
        Mark(2.0, 98.0, 50.0, 50.0),
        None,
        Mark(50.0, 98.0, 74.0, 50.0),
    ]
    assert marks([(-1.0, -1.0, -1.0)]) == [Mark(2.0, 2.0, 2.0, 98.0)]
    assert marks([(0.0, 0.0, 0.0)]) == [Mark(2.0, 2.0, 2.0, 2.0)]
    assert marks([]) == []


def test_the_drawing_is_sound_xml_without_style_or_script():
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("intentrec.serving.experiments"), autoescape=True)
    module = environment.get_template("_drawings.html.jinja").module
    text = str(module.chart(drawn(0.1, 0.2, band=[(0.0, 0.2), (0.1, 0.3)])))
    root = ElementTree.fromstring(text)
    assert {element.tag for element in root.iter()} == {"svg", "line", "text", "path"}
    assert not [name for element in root.iter() for name in element.attrib if name.startswith(("on", "style"))]


@pytest.mark.parametrize(
    ("function", "value", "said"),
    [
        (percent, 0.0123, "+1.23%"), (percent, -0.5, "-50.00%"), (percent, inf, "unknown"), (percent, nan, "unknown"),
        (level, 1234.567, "1,235"), (level, 0.19534, "0.1953"), (level, inf, "unknown"),
        (chance, 0.0456, "0.046"), (chance, 1.2e-8, "1.2e-08"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_people(function, value, said):
    assert function(value) == said
