"""Prints every id that was acknowledged, and is killed in the middle of it."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "shared"))
from store_world import event, open_store

store = open_store(Path(sys.argv[1]))
for n in range(50):
    store.add_events([event(f"e{n}")])
    sys.stdout.write(f"e{n}\n")
    sys.stdout.flush()
store.queue_events([event("never acknowledged")])
os.kill(os.getpid(), signal.SIGKILL)
