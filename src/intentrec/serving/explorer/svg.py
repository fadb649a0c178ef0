"""Drawings made on the server, let through piece by piece: shapes and texts, nothing that loads, links or runs."""

from xml.etree import ElementTree

from markupsafe import Markup

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_SHAPES = frozenset({"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "title"})
_LOOKS = frozenset(
    {
        "viewBox", "width", "height", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "d", "r", "cx", "cy", "transform",
        "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-miterlimit",
        "opacity", "font-family", "font-size", "font-weight", "text-anchor", "display", "pointer-events",
    }
)  # fmt: skip


def inline(drawing: str) -> Markup:
    """A drawing that may stand in a page: its words are escaped, its colours are those of the text around it.

    It is hidden from screen readers: what stands around it says the same in words and numbers.
    """
    root = ElementTree.fromstring(drawing)
    _keep_shapes(root)
    root.attrib |= {"class": "drawing", "aria-hidden": "true", "focusable": "false"}
    ElementTree.register_namespace("", _NAMESPACE.strip("{}"))
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _keep_shapes(element: ElementTree.Element) -> None:
    element.attrib = {name: value for name, value in element.attrib.items() if name in _LOOKS}
    for child in list(element):
        name = str(child.tag)
        if name.startswith(_NAMESPACE) and name.removeprefix(_NAMESPACE) in _SHAPES:
            _keep_shapes(child)
        else:
            element.remove(child)
