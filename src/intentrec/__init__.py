"""Intent-first recommender: language models write down offline what each user wants, light towers answer online.

Example:
    >>> from intentrec import Recommender, Workspace, run
    >>> workspace = Workspace("shop")
    >>> run(workspace)
    >>> Recommender(workspace).recommend(["user-1"], k=10)
"""

from importlib.metadata import version
from typing import TYPE_CHECKING

from intentrec.extras import lazily

if TYPE_CHECKING:
    from intentrec.pipeline.daily import RunReport, run
    from intentrec.pipeline.recommender import Recommender
    from intentrec.workspace import Workspace

__version__ = version("intentrec")
__all__ = ["Recommender", "RunReport", "Workspace", "__version__", "run"]

_HOMES = {
    "Recommender": "pipeline.recommender",
    "RunReport": "pipeline.daily",
    "Workspace": "workspace",
    "run": "pipeline.daily",
}

# imported when they are first used: torch alone takes seconds
__getattr__ = lazily(__name__, _HOMES)
