"""A drain that is to be killed: `killed_drain.py WORKSPACE KILL_AT`.

The process kills itself with signal 9 at the KILL_AT-th moment: the beginning or end of writing a table or of a
transaction of the live store; 0 lives to the end and prints the number of moments.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "shared"))

from intentrec.config import load_config
from intentrec.serving.live.drain import Drain
from intentrec.serving.live.writer import Writer
from intentrec.workspace import Workspace, deltas
from kill_moments import Moments
from store_world import Clock, open_store

moments = Moments(int(sys.argv[2]))
moments.around(deltas, "write_deltalake")
moments.around(Writer, "_transaction")
workspace = Workspace(sys.argv[1])
store = open_store(workspace.root / "live")
Drain(workspace, load_config(workspace.config_file), store, Clock()).run()
store.close()
print(moments.count)
