import json

import pytest

from intentrec.evaluation.reports import plots

ROWS = [{"row": "head", "system": name, "value": 0.2, "low": 0.1, "high": 0.3} for name in ("a", "b")]
PAGES = {"light": "#ffffff", "dark": "#14171a"}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", PAGES)
def test_every_colour_stands_out_from_the_page(page, golden):
    assert f"--page: {PAGES[page]};" in plots_css()
    for colour in plots.PALETTE:
        light, dark = sorted((luminance(colour), luminance(PAGES[page])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, f"{colour} on {page}"


def plots_css() -> str:
    from importlib.resources import files

    return (files("intentrec.evaluation.reports") / "page.css").read_text("utf-8")


def test_no_two_of_64_systems_look_alike():
    names = [str(n) for n in range(64)]
    layers = plots.dots(ROWS, "recall", names, ["head"])["layer"]
    colours = layers[1]["encoding"]["color"]["scale"]["range"]
    shapes = layers[1]["encoding"]["shape"]["scale"]["range"]
    assert len(set(zip(colours, shapes, strict=True))) == 64


def test_a_plot_is_as_wide_as_its_place_and_names_no_address():
    spec = plots.dots(ROWS, "recall", ["a", "b"], ["head"])
    assert spec["width"] == "container"
    assert "http" not in json.dumps(spec)
    assert spec["data"]["values"] == ROWS


def test_the_measure_is_dashed_whatever_its_name_holds():
    name = 'it\'s "quoted" \\'
    rows = [{"system": name, "group": 1, "value": 0.5}]
    dash = plots.lines(rows, "share", [name], dashed=name)["layer"][0]["encoding"]["strokeDash"]
    assert json.loads(dash["condition"]["test"].removeprefix("datum.system === ")) == name


def test_only_settings_of_a_knob_are_joined():
    point = {"recall": 0.1, "diversity_shown": 0.2, "front": True}
    rows = [
        point | {"series": "a", "knob": None, "setting": None},
        point | {"series": "a: beta", "knob": "beta", "setting": 0.0},
    ]
    spec = plots.trade(rows, "diversity", "recall", ["a"])
    assert [layer.get("transform") for layer in spec["layer"]] == [
        [{"filter": "isValid(datum.setting)"}], None, [{"filter": "isValid(datum.setting)"}],
    ]  # fmt: skip
    assert spec["layer"][1]["encoding"]["color"]["scale"]["domain"] == ["a", "a: beta"]
