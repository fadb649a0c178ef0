"""A daily run that is to be killed: `killed_day.py WORKSPACE LOG KILL_AT`.

Each call to the scripted model is appended to LOG. The process kills itself with signal 9 at the KILL_AT-th moment: a
call to the model, or the beginning or end of writing a table, a step record or the release; 0 lives to the end.
"""

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))

from intentrec.config import load_config
from intentrec.llm import Request
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline import daily
from intentrec.progress import SILENT
from intentrec.workspace import Workspace, artefacts, deltas, files
from intentrec.workspace import releases as release_files
from intentrec.workspace import steps as step_files
from kill_moments import Moments
from shop_world import NOW, fill, opener

moments = Moments(int(sys.argv[3]))
log = os.open(sys.argv[2], os.O_CREAT | os.O_APPEND | os.O_WRONLY)


def answer(request: Request) -> dict[str, Any]:
    moments.moment()  # before the call is counted: a call that never reached the model was not made
    os.write(log, f"{hash_of(request)}\n".encode())
    return fill(request)


def hash_of(request: Request) -> str:
    return f"{request.stage}:{hash(request.model_dump_json())}"


moments.around(deltas, "write_deltalake")
moments.around(artefacts, "folder_digest")
for module in (files, release_files, step_files):
    moments.around(module, "write_atomic")
daily.open_model = opener(ScriptedBackend(answer))  # type: ignore[assignment]
workspace = Workspace(sys.argv[1])
options = daily.RunOptions(llm_users=frozenset({"user000", "user001"}))
daily.run_day(workspace, load_config(workspace.config_file), options, now=lambda: NOW, progress=SILENT)
print(moments.count)
