"""A drain that is to be killed: `killed_drain.py WORKSPACE KILL_AT`.

The process kills itself with signal 9 at the KILL_AT-th moment: the beginning or end of writing a table or of a
transaction of the live store; 0 lives to the end and prints the number of moments.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "shared"))

from intentrec.config import load_config
from intentrec.serving.live.drain import Drain
from intentrec.serving.live.writer import Writer
from intentrec.workspace import Workspace, deltas
from store_world import Clock, open_store

kill_at = int(sys.argv[2])
lock = threading.Lock()
moments = 0


def moment() -> None:
    global moments  # noqa: PLW0603
    with lock:
        moments += 1
        if moments == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def around(home: Any, name: str) -> None:
    work: Callable[..., Any] = getattr(home, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        moment()
        result = work(*args, **kwargs)
        moment()
        return result

    setattr(home, name, counted)


around(deltas, "write_deltalake")
around(Writer, "_transaction")
workspace = Workspace(sys.argv[1])
store = open_store(workspace.root / "live")
Drain(workspace, load_config(workspace.config_file), store, Clock()).run()
store.close()
print(moments)
