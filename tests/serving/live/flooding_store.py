"""Writes into a store that others write into, too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "shared"))
from store_world import event, open_store

store = open_store(Path(sys.argv[1]))
for n in range(40):
    assert store.add_events([event(f"{sys.argv[2]}-{n}")]).accepted == 1
store.close()
