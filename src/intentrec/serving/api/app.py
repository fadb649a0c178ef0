"""The ASGI application of one worker."""

from fastapi import FastAPI

from intentrec import __version__
from intentrec.serving.holder import Holder


def create_app(holder: Holder) -> FastAPI:
    """The API at /v1, /health, /ready and /metrics, with the explorer and the experiments where they are installed."""
    app = FastAPI(title="intentrec", version=__version__)
    app.state.holder = holder
    return app
