"""The report as one HTML file that loads nothing: scripts, styles and numbers are inside.

A content security policy forbids every connection and every script but the two that were written here (by their
hashes), so that nothing in a system's name or in the data can run or call out.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from itertools import count

import jinja2
import orjson
from markupsafe import Markup

from intentrec.evaluation.reports.parts import Figure, Report, Spec, Table
from intentrec.extras import require

_HERE = "intentrec.evaluation.reports"
_PURPOSE = "a report in HTML"


def ready_for_html() -> None:
    """Nothing where a page can be made, so that it is known before hours of work.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    for module in ("altair", "vl_convert"):
        require(module, _PURPOSE)


def to_html(report: Report) -> str:
    """The page, about 0.9 MB of which is Vega.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    library, drawing = _library(), _own("page.js")
    template = _environment().get_template("page.html.jinja")
    return template.render(
        report=report,
        count=count(1).__next__,
        style=Markup(_own("page.css")),
        scripts=[Markup(library), Markup(drawing)],
        hashes=[_hash(library), _hash(drawing)],
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_own),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["figure"] = lambda each: isinstance(each, Figure)
    environment.tests["table"] = lambda each: isinstance(each, Table)
    environment.filters["data"] = _data
    return environment


@cache
def _own(name: str) -> str:
    return (files(_HERE) / name).read_text("utf-8")


@cache
def _library() -> str:
    """Vega, Vega-Lite and vega-embed as one script, of the version that altair writes for.

    A browser hashes a script with the line ends that HTML has, and ends it at the first closing tag.
    """
    altair, convert = require("altair", _PURPOSE), require("vl_convert", _PURPOSE)
    wanted = altair.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]
    known = convert.get_vegalite_versions()
    script: str = convert.javascript_bundle(vl_version=wanted if wanted in known else known[-1])
    return script.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script")


def _hash(script: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _data(spec: Spec) -> Markup:
    """JSON that cannot end the element it stands in."""
    return Markup(orjson.dumps(spec).decode().replace("<", "\\u003c"))
