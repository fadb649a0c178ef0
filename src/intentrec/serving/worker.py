"""One worker process: its application, as granian loads it."""

import os
import signal
from pathlib import Path
from typing import Any

from intentrec.serving.api import create_app
from intentrec.serving.holder import Holder
from intentrec.serving.keeping import begin_operations


def load(root: Path, keyless: bool, parent: int) -> Any:
    """The ASGI application of a workspace.

    Args:
        keyless: See `Holder`.
        parent: The main process; a worker does not outlive it, so that a restart finds the port free.
    """
    holder = Holder.open(root, keyless=keyless)
    serving = holder.config.serving
    begin_operations(serving.log_level, serving.otlp_endpoint, serving.trace_share, "worker")
    return create_app(holder, orphaned=lambda: leave(parent))


def leave(parent: int) -> None:
    """End this process as SIGTERM does, where its parent is gone."""
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
