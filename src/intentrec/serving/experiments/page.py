"""A report as one file that needs no network."""

import base64
import hashlib
from importlib.resources import files

import jinja2
from markupsafe import Markup

from intentrec.serving.experiments.analysis import Analysis
from intentrec.serving.experiments.view import view

_HERE = "intentrec.serving.experiments"
_SHEET = ("intentrec.serving.explorer", "static", "explorer.css")


def to_html(found: Analysis) -> str:
    """The page of an experiment, with its style inside and without scripts."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    package, *path = _SHEET
    style = files(package).joinpath(*path).read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("file.html.jinja").render(
        it=view(found), style=Markup(style), hash=f"sha256-{digest}"
    )
