"""What processes cost, as Linux counts it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
_LISTEN = "0A"


@dataclass(frozen=True)
class Memory:
    """Of one process, in bytes.

    Attributes:
        rss: All pages that it has in memory.
        pss: The same, a page that n processes share counted as 1/n.
        own: Pages that it has written, and that are nowhere else: not those of files.
    """

    rss: int
    pss: int
    own: int


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for child, parent in _parents():
        parents.setdefault(parent, []).append(child)
    found, rest = [], [pid]
    while rest:
        found.append(rest.pop())
        rest += parents.get(found[-1], [])
    return found


def cpu_seconds(pid: int) -> float:
    """Processor seconds of a living process and all below it, to a hundredth; 0 for one that is gone."""
    return sum(_ticks(each) for each in tree(pid)) / TICKS


def memory(pid: int) -> Memory:
    """Of one process."""
    values = {}
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]:
        name, rest = line.split(":")
        values[name] = int(rest.split()[0]) * 1024
    return Memory(values["Rss"], values["Pss"], values["Private_Dirty"])


def command(pid: int) -> str:
    """How it was called; "" for one that is gone."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def listens(pid: int, port: int) -> bool:
    """Whether a process accepts connections at a TCP port."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        for line in (PROC / "net" / table).read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{rest[5]}]")
    try:
        return any(os.readlink(file) in inodes for file in (PROC / str(pid) / "fd").iterdir())
    except OSError:
        return False


def _fields(pid: int) -> list[str]:
    """Of `stat`, from the state on: a command's name may hold spaces and brackets."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _parents() -> Iterator[tuple[int, int]]:
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), int(_fields(int(folder.name))[1])
            except OSError:
                continue


def _ticks(pid: int) -> int:
    try:
        fields = _fields(pid)
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
