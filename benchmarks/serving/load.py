"""The server under load: `python -m benchmarks.serving.load [--items N] [--users N] [--pairs 5] [--svg FILE]`.

On a made bundle of a million items of 64 coordinates and 100,000 users with lists of 100 (see `synthetic`), or on that
of a workspace (`--workspace DIR`), `intentrec serve` with one worker on one core, wrk on another, an API key in every
request, the top 50 with reasons:

1. stored lists, in turns with a bare Starlette answering with `orjson.dumps` of the same lists under the same granian
   settings: requests a processor second of the server's processes, ratios within pairs;
2. stored lists with filters;
3. live search: `beta` is overridden, so that each list is ranked anew. As fast as it goes, then at two fifths of that;
4. how long the bundle takes to open, and what two workers have in memory.

Prints Markdown; `--svg` draws times to answer.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Self
from urllib.parse import quote

import httpx

from benchmarks.serving import opening
from benchmarks.serving.histogram import picture, together
from benchmarks.serving.pairs import in_turns, rounded
from benchmarks.serving.processes import memory
from benchmarks.serving.served import Served, intentrec, started, until_all_listen, until_quiet
from benchmarks.serving.tables import LIVE, Live, live_table, pair_table
from benchmarks.serving.wrk import Load, Measured
from intentrec.serving.bundle import Bundle, bundle_of
from intentrec.serving.keys import KEYS_FILE, Keys
from intentrec.workspace import Workspace

K, STORED = 50, 100
"""Entries that are asked for, and entries of a stored list: filters leave enough of it."""
NAME = "load"
SERVER_CORE, WRK_CORE = 0, 1
PATH = f"/v1/users/{{user}}/recommendations?k={K}"
FILTER = "&max_price=90&not_category={}"
OVERRIDE = "&beta=0.6"
N_BARE, OPENINGS = 1000, 5
CONNECTIONS, BUSY, PATIENT = 16, 4, 32
OPENING_GOAL_S = 1.0
PARTS = ("stored", "live", "opening", "memory")
BELOW = 0.4
"""Share of what live search can do at most, at which its times are measured."""


def main() -> None:
    options = parser().parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        site = Site.prepare(
            Path(folder), options.workspace or made(Path(folder) / "shop", options.items, options.users)
        )
        print(about(site, options), flush=True)
        loads = stretches(site, options)
        if "opening" in options.parts:
            print(openings(site), flush=True)
        if "memory" in options.parts:
            print(memories(site))
    if options.svg is not None:
        picture(loads).save(options.svg)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    shown = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shown.add_argument("--workspace", type=Path, help="serve the current release of this workspace")
    shown.add_argument("--items", type=int, default=1_000_000)
    shown.add_argument("--users", type=int, default=100_000)
    shown.add_argument("--pairs", type=int, default=5)
    shown.add_argument("--seconds", type=int, default=10, help="of each stretch of load")
    shown.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    shown.add_argument("--dir", type=Path, help="where to put the made bundle; a temporary folder by default")
    shown.add_argument("--svg", type=Path, help="draw times to answer here")
    return shown


def made(folder: Path, n_items: int, n_users: int) -> Path:
    """A workspace with a made release, by a process that gives its memory back."""
    command = [sys.executable, "-m", "benchmarks.serving.synthetic", "--out", str(folder)]
    subprocess.run(
        [*command, "--items", str(n_items), "--users", str(n_users), "--k", str(STORED)], check=True, stdout=sys.stderr
    )
    return folder


@dataclass(frozen=True)
class Site:
    """What is served, and who is asked for.

    Attributes:
        bundle: The folder of the release's bundle.
        users: File with one user id a line.
        category: One of the catalogue's.
    """

    folder: Path
    workspace: Workspace
    bundle: Path
    users: Path
    key: str
    category: str

    @classmethod
    def prepare(cls, folder: Path, root: Path) -> Self:
        """A key, and the file of users."""
        workspace = Workspace(root)
        bundle = Bundle.open(bundle_of(workspace, workspace.release()))
        users = folder / "users.txt"
        users.write_text("".join(f"{quote(user, safe='')}\n" for user in bundle.user_ids.tolist()), "utf-8")
        keys = Keys(workspace.root / KEYS_FILE)
        if any(key.name == NAME for key in keys.list()):
            keys.remove(NAME)
        key = keys.add(NAME, ("read", "admin"), datetime.now(UTC))
        category = bundle.meta.categories[len(bundle.meta.categories) // 2] if bundle.meta.categories else ""
        return cls(folder, workspace, bundle.folder, users, key, category)

    def serving(self, workers: int) -> AbstractContextManager[Served]:
        """`intentrec serve` on its core."""
        options = ("--workers", str(workers))
        return intentrec(self.workspace.root, *options, log=self.folder / "server.log", core=SERVER_CORE)

    def load(self, path: str, seconds: int, connections: int, pause_ms: float = 0.0) -> Load:
        """Load by wrk on the other core."""
        return Load(path, self.users, seconds, connections, self.key, pause_ms, WRK_CORE)


def stretches(site: Site, options: argparse.Namespace) -> dict[str, Measured]:
    """All loads on one worker: prints a table each, and returns the times to answer."""
    found: dict[str, Measured] = {}
    with opening.in_memory(site.bundle), site.serving(1) as served:
        until_quiet(served)
        if "stored" in options.parts:
            found |= stored_lists(site, served, options.seconds, options.pairs)
        if "live" in options.parts:
            live = live_search(site, served, options.seconds, options.pairs)
            print(live_table(live), flush=True)
            found[LIVE] = together([each.measured for each in live.below])
    return found


def stored_lists(site: Site, served: Served, seconds: int, n: int) -> dict[str, Measured]:
    """Without and with filters, in turns with the bare server."""
    payloads = site.folder / "lists.jsonl"
    payloads.write_bytes(b"\n".join(answers(site, served, N_BARE)))
    bare = [sys.executable, "-m", "benchmarks.serving.bare", str(payloads)]
    found = {}
    with started(bare, site.folder / "bare.log", SERVER_CORE) as beside:
        for name, more in (("stored lists", ""), ("stored lists, filtered", FILTER.format(quote(site.category)))):
            wanted = site.load(PATH + more, seconds, CONNECTIONS)
            pairs = in_turns(partial(rounded, served, wanted), partial(rounded, beside, wanted), n)
            print(pair_table(name, pairs, CONNECTIONS), flush=True)
            found[name] = together([pair.ours.measured for pair in pairs])
    return found


def answers(site: Site, served: Served, n: int) -> list[bytes]:
    """The first lists that the server gives, and a look at whether they are what the others are measured by.

    Raises:
        RuntimeError: A list is not a stored one of full length with reasons.
    """
    lists = []
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {site.key}"}) as client:
        for user in site.users.read_text("utf-8").splitlines()[:n]:
            answer = client.get(PATH.format(user=user)).raise_for_status()
            body = answer.json()
            if (body["n"], body["source"]) != (K, "stored") or not all(each["reason"] for each in body["items"]):
                raise RuntimeError(f"The list of {user} has {body['n']} items and is {body['source']}.")
            lists.append(answer.content)
    return lists


def live_search(site: Site, served: Served, seconds: int, n: int) -> Live:
    """First what it can do at most, then a load below that: many connections that pause at random."""
    path = PATH + OVERRIDE
    rounded(served, site.load(path, seconds, 1), 0)  # pages that nobody has asked for are read from the disk
    most = [rounded(served, site.load(path, seconds, BUSY), seed) for seed in range(n)]
    per_second = median(each.measured.per_second for each in most)
    rate = BELOW * per_second
    pause = 1000 * PATIENT / rate - 1000 / per_second
    below = [rounded(served, site.load(path, seconds, PATIENT, pause), seed) for seed in range(n)]
    return Live(most, below, (BUSY, PATIENT))


def openings(site: Site) -> str:
    """How long the bundle takes to open, read from the disk and from memory."""
    size = sum(file.stat().st_size for file in site.bundle.rglob("*") if file.is_file())
    lines = [f"\n**Opening** a bundle of {size / 2**30:.2f} GiB, each time in a new process, median of {OPENINGS}\n"]
    for name, cold in (("its pages dropped from memory before", True), ("its pages in memory", False)):
        tries = [opening.measured(site.bundle, cold=cold) for _ in range(OPENINGS)]
        opened = median(each.opened for each in tries)
        held = "holds" if opened < OPENING_GOAL_S else "fails"
        lines.append(
            f"- {name}: {1000 * opened:.0f} ms (under {OPENING_GOAL_S:.0f} s: {held}), the first stored list "
            f"{1000 * median(each.first for each in tries):.1f} ms after that"
        )
    return "\n".join(lines)


def memories(site: Site) -> str:
    """What two workers have in memory after both have answered for many users."""
    with site.serving(2) as served:
        until_all_listen(served, 2)
        for path in (PATH, PATH + OVERRIDE):
            rounded(served, site.load(path, 5, CONNECTIONS), 0)
        rows = [(f"worker {n + 1}", memory(pid)) for n, pid in enumerate(served.workers)]
        rows.append(("main process", memory(served.process.pid)))
        if served.keeper is not None:
            rows.append(("keeper", memory(served.keeper)))
    lines = ["\n**Memory**, MB, after lists for many users; shared pages count in full in RSS and in parts in PSS\n"]
    lines += ["| process | RSS | PSS | its own |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {each.rss / 1e6:,.0f} | {each.pss / 1e6:,.0f} | {each.own / 1e6:,.0f} |" for name, each in rows
    ]
    return "\n".join(lines)


def about(site: Site, options: argparse.Namespace) -> str:
    """What was measured where."""
    meta = Bundle.open(site.bundle).meta
    packages = ", ".join(f"{name} {version(name)}" for name in ("granian", "starlette", "fastapi", "orjson", "numpy"))
    return (
        f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores, load before "
        f"{os.getloadavg()[0]:.1f}, Python {platform.python_version()}, {packages}\n"
        f"- {meta.n_items:,} items of {meta.width} coordinates, {meta.n_users:,} users drawn at random, top {K} with "
        f"reasons; {options.seconds} s a stretch, {options.pairs} of each"
    )


if __name__ == "__main__":
    main()
