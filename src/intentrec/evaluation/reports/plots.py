"""Plots as Vega-Lite specifications, made with altair.

Colours stand out from white and from near-black alike, so one drawing serves light and dark pages and print; all else
has the colour of the text around it. Systems differ in shape as well as colour.
"""

import json
from collections.abc import Sequence
from typing import Any

from intentrec.evaluation.reports.parts import Spec
from intentrec.extras import require

PALETTE = ("#3b7dd8", "#d9622b", "#2e9e63", "#b05cc8", "#b8860b", "#d6456b", "#2a98a8", "#8c7a6b")
"""Each at least 3 : 1 against white and against the dark page (WCAG 2.2, 1.4.11); a test says so."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")

_TEXT = "currentColor"
_PX_PER_SYSTEM = 13
_HEIGHT = 300
_LABEL_PX = 150
Rows = Sequence[dict[str, Any]]


def dots(rows: Rows, title: str, systems: Sequence[str], order: Sequence[str]) -> Spec:
    """Values with intervals: one band for each `row`, in it one line for each system.

    Args:
        rows: row, system, value, low, high.
        title: Of the axis of values.
        systems: In the order of colours.
        order: Of the bands, from above.
    """
    alt = _altair()
    base = alt.Chart(alt.Data(values=list(rows))).encode(
        y=alt.Y("row:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=_LABEL_PX)),
        yOffset=alt.YOffset("system:N", sort=list(systems)),
        color=_colour(alt, "system", systems),
        tooltip=[_tip(alt, name) for name in ("row:N", "system:N", "value:Q", "low:Q", "high:Q")],
    )
    line = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    point = base.mark_point(filled=True, size=55, opacity=1).encode(
        x=alt.X("value:Q", title=title), shape=_shape(alt, "system", systems)
    )
    return _finished(line + point, alt.Step(_PX_PER_SYSTEM, **{"for": "offset"}))


def magnitudes(rows: Rows, title: str, systems: Sequence[str], order: Sequence[str]) -> Spec:
    """Positive values on a logarithmic axis: one band for each `row`, in it one line for each system.

    Args:
        rows: row, system, value.
        title: Of the axis of values.
        systems: In the order of colours.
        order: Of the bands, from above.
    """
    alt = _altair()
    point = (
        alt.Chart(alt.Data(values=list(rows)))
        .mark_point(filled=True, size=55, opacity=1)
        .encode(
            x=alt.X("value:Q", title=title, scale=alt.Scale(type="log")),
            y=alt.Y("row:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=2 * _LABEL_PX)),
            yOffset=alt.YOffset("system:N", sort=list(systems)),
            color=_colour(alt, "system", systems),
            shape=_shape(alt, "system", systems),
            tooltip=[_tip(alt, name) for name in ("row:N", "system:N", "value:Q")],
        )
    )
    return _finished(point, alt.Step(_PX_PER_SYSTEM, **{"for": "offset"}))


def lines(rows: Rows, title: str, systems: Sequence[str], *, dashed: str | None = None) -> Spec:
    """Values over the tenths of items.

    Args:
        rows: system, group, value.
        title: Of the axis of values.
        systems: In the order of colours.
        dashed: The one that is no system but a measure for them.
    """
    alt = _altair()
    base = alt.Chart(alt.Data(values=list(rows))).encode(
        x=alt.X("group:O", title="tenth of the items, 1 = most popular", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title=title),
        color=_colour(alt, "system", systems, dashed),
        tooltip=[_tip(alt, name) for name in ("system:N", "group:O", "value:Q")],
    )
    dash = alt.condition(f"datum.system === {_quoted(dashed or '')}", alt.value([5, 4]), alt.value([1, 0]))
    line = base.mark_line(strokeWidth=2).encode(detail="system:N", strokeDash=dash)
    point = base.mark_point(filled=True, size=45, opacity=1).encode(shape=_shape(alt, "system", systems))
    return _finished(line + point, _HEIGHT)


def trade(rows: Rows, x_title: str, y_title: str, systems: Sequence[str]) -> Spec:
    """Recall over diversity; settings of a knob are joined in their order, each with its setting beside it.

    Args:
        rows: series, knob, setting, recall, diversity_shown, front.
        x_title: Of the axis of diversity.
        y_title: Of the axis of recall.
        systems: In the order of colours; series that are no system come after them.
    """
    alt = _altair()
    points = [
        {key: row[key] for key in ("series", "knob", "setting", "recall", "front")} | {"x": row["diversity_shown"]}
        for row in rows
    ]
    names = list(dict.fromkeys([*systems, *(row["series"] for row in rows)]))
    names = [name for name in names if any(row["series"] == name for row in rows)]
    zoomed = alt.Scale(zero=False, nice=True, padding=12)
    base = alt.Chart(alt.Data(values=points)).encode(
        x=alt.X("x:Q", title=x_title, scale=zoomed), y=alt.Y("recall:Q", title=y_title, scale=zoomed)
    )
    swept = base.transform_filter("isValid(datum.setting)")
    path = swept.mark_line(strokeWidth=1.5).encode(color=_colour(alt, "series", names), order="setting:Q")
    label = swept.mark_text(dx=8, dy=-7, align="left", fontSize=10).encode(
        text=alt.Text("setting:Q", format="~g"), color=alt.value(_TEXT)
    )
    point = base.mark_point(size=70, strokeWidth=2, opacity=1).encode(
        color=_colour(alt, "series", names),
        shape=_shape(alt, "series", names),
        fillOpacity=alt.condition("datum.front", alt.value(1), alt.value(0)),
        fill=_colour(alt, "series", names),
        tooltip=[_tip(alt, name) for name in ("series:N", "setting:Q", "x:Q", "recall:Q", "front:N")],
    )
    return _finished(path + point + label, _HEIGHT)


def _altair() -> Any:
    return require("altair", "the plots of a report")


def _tip(alt: Any, field: str) -> Any:
    titles = {"x": "diversity", "row": "at", "front": "on the Pareto front"}
    name, kind = field.split(":")
    return alt.Tooltip(field, title=titles.get(name, name), **({"format": ".4~f"} if kind == "Q" else {}))


def _colour(alt: Any, field: str, names: Sequence[str], plain: str | None = None) -> Any:
    colours = [_TEXT if name == plain else PALETTE[n % len(PALETTE)] for n, name in enumerate(names)]
    legend = alt.Legend(title=None, orient="bottom", columns=2, labelLimit=_LABEL_PX)
    return alt.Color(f"{field}:N", scale=alt.Scale(domain=list(names), range=colours), legend=legend)


def _shape(alt: Any, field: str, names: Sequence[str]) -> Any:
    # After one round of colours the shapes are moved on, so that no two of 64 names look alike.
    shapes = [SHAPES[(n + n // len(PALETTE)) % len(SHAPES)] for n in range(len(names))]
    legend = alt.Legend(title=None, orient="bottom", columns=2, labelLimit=_LABEL_PX)
    return alt.Shape(f"{field}:N", scale=alt.Scale(domain=list(names), range=shapes), legend=legend)


def _quoted(text: str) -> str:
    return json.dumps(text)


def _finished(chart: Any, height: Any) -> Spec:
    """As plain data: as wide as its place, in the colours of the text, without the address of a schema."""
    words = {"labelColor": _TEXT, "titleColor": _TEXT}
    lines = {"gridColor": _TEXT, "gridOpacity": 0.15, "domainColor": _TEXT, "tickColor": _TEXT}
    spec: Spec = (
        chart.properties(width="container", height=height, background="transparent")
        .configure(font="system-ui, sans-serif", autosize={"type": "fit-x", "contains": "padding"})
        .configure_view(stroke=None)
        .configure_axis(**words, **lines)
        .configure_legend(**words)
        .to_dict()
    )
    spec.pop("$schema", None)
    return spec
