"""Drawings that go into a page hold shapes and words, nothing else."""

import pytest

from intentrec.evaluation.reports import plots
from intentrec.serving.explorer.svg import inline

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" {}>{}</svg>'


@pytest.mark.parametrize(
    ("attributes", "inside", "kept"),
    [
        ("", '<path d="M0,0h9" fill="red"/>', '<path d="M0,0h9" fill="red"'),
        ("", "<text>a &lt;b> &amp; c</text>", "<text>a &lt;b&gt; &amp; c</text>"),
        ("onload='alert(1)' style='color:red' class='marks'", "", "viewBox"),
        ("", "<script>alert(1)</script>", ""),
        ("", "<g onclick='alert(1)'><a href='javascript:alert(1)'><rect/></a></g>", "<g"),
        ("", "<image href='http://elsewhere/x.png'/><use xlink:href='#x'/><style>g{}</style>", ""),
        ("", "<foreignObject><div xmlns='http://www.w3.org/1999/xhtml'>x</div></foreignObject>", ""),
    ],
)
def test_only_shapes_and_words_are_let_through(attributes: str, inside: str, kept: str) -> None:
    found = str(inline(SVG.format(attributes, inside)))
    assert kept in found
    for banned in ("alert", "href", "style", "script", "onload", "onclick", "foreign", "elsewhere"):
        assert banned not in found
    assert 'aria-hidden="true"' in found


def test_a_plot_of_ours_passes_whole() -> None:
    convert = pytest.importorskip("vl_convert")
    rows = [{"row": "recall@10", "system": "<b>mine", "value": 0.2, "low": 0.1, "high": 0.3}]
    drawn = convert.vegalite_to_svg({**plots.dots(rows, "recall", ["<b>mine"], ["recall@10"]), "width": 300})
    found = inline(drawn)
    assert "&lt;b&gt;mine" in found
    assert found.count("<path") == drawn.count("<path")
    assert "currentColor" in found
