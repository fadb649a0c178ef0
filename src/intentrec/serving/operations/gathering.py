"""Adding up what all processes of a server have counted, the living and the dead."""

import fcntl
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from intentrec.serving.operations.shared import alive, with_blocks

_collector: Any = MultiProcessCollector  # untyped, as the next
_mapped: Any = MmapedDict
_FILE = re.compile(r"(?P<kind>counter|histogram|gauge_[a-z]+)_(?P<pid>\d+)\.db")


def gathered(folder: Path) -> list[Metric]:
    """The metrics of all processes, living and dead; one reader at a time."""
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _bury(folder)
        files = [str(file) for file in sorted(folder.glob("*.db")) if file.stat().st_size]
        return list(_collector.merge(files, accumulate=True))


def _bury(folder: Path) -> None:
    """Add the counts of dead processes to one file; a gauge of a process is gone with it."""
    dead = defaultdict(list)
    for file in folder.glob("*.db"):
        found = _FILE.fullmatch(file.name)
        if found and not alive(int(found["pid"])):
            dead[found["kind"]].append(file)
    for kind, files in dead.items():
        if kind in ("counter", "histogram") and not _added_up(folder / f"{kind}_dead.db", files):
            continue
        for file in files:
            file.unlink()


def _added_up(total: Path, files: list[Path]) -> bool:
    """Whether there was space for it; if not, the files are read one by one for longer."""
    sums: dict[str, float] = defaultdict(float)
    for file in [*files, *([total] if total.exists() else [])]:
        for key, value, _, _ in _mapped.read_all_values_from_file(str(file)):
            sums[key] += value
    fresh = total.with_suffix(".new")
    try:
        fresh.unlink(missing_ok=True)
        with_blocks(fresh, max(file.stat().st_size for file in files) * 2)
    except OSError:
        return False
    written = _mapped(str(fresh))
    for key, value in sums.items():
        written.write_value(key, value, 0.0)
    written.close()
    fresh.replace(total)
    return True
