"""Intent-first recommender: language models write down offline what each user wants, light towers answer online.

Example:
    >>> from intentrec import Recommender, Workspace, run
    >>> workspace = Workspace("shop")
    >>> run(workspace)
    >>> Recommender(workspace).recommend(["user-1"], k=10)
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intentrec.pipeline.daily import RunReport, run
    from intentrec.pipeline.recommender import Recommender
    from intentrec.workspace import Workspace

__version__ = version("intentrec")
__all__ = ["Recommender", "RunReport", "Workspace", "__version__", "run"]

_HOMES = {
    "Recommender": "intentrec.pipeline.recommender",
    "RunReport": "intentrec.pipeline.daily",
    "Workspace": "intentrec.workspace",
    "run": "intentrec.pipeline.daily",
}


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first used: torch alone takes seconds."""
    if name not in _HOMES:
        raise AttributeError(f"module 'intentrec' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
