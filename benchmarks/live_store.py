"""How fast events are acknowledged, what the live store costs a request, and how often drift fires on a real log.

python -m benchmarks.live_store [--demo WORKSPACE]

With a workspace of the demo (`intentrec demo --dir WORKSPACE`) the purchases of each user are cut into windows. Printed
is the share of pairs of windows whose drift is over a threshold, and of pairs whose second half is another user's.
"""

import argparse
import random
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from intentrec.serving.live import LiveEvent, LiveState, LiveStore
from intentrec.serving.live.drift import drift
from intentrec.workspace import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path)
    demo = parser.parse_args().demo
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        store = LiveStore.open(Path(folder))
        print("callers  batch  events/s  p50 ms  p99 ms")
        for callers, size, batches in ((1, 1, 200), (8, 1, 100), (64, 1, 50), (4, 1000, 10)):
            flood(store, callers, size, batches)
        requests(store)
        store.close()
    if demo is not None:
        false_alarms(Workspace(demo))


def flood(store: LiveStore, callers: int, size: int, batches: int) -> None:
    """Callers that send one batch after the other; a line of the table."""
    waits: list[float] = []

    def send(caller: int) -> None:
        for n in range(batches):
            events = [event(f"{callers}-{size}-{caller}-{n}-{i}", f"u{random.randrange(10_000)}") for i in range(size)]
            waits.append(timed(lambda batch=events: store.add_events(batch)))  # type: ignore[misc]

    threads = [threading.Thread(target=send, args=(caller,)) for caller in range(callers)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = callers * batches * size / (time.perf_counter() - begun)
    waits.sort()
    p50, p99 = (1000 * waits[int(len(waits) * share)] for share in (0.5, 0.99))
    print(f"{callers:7}  {size:5}  {rate:8,.0f}  {p50:6.1f}  {p99:6.1f}")


def requests(store: LiveStore) -> None:
    """What a worker pays: once at the start, at each request, for each event of others, for a user with live events."""
    held = store.read("SELECT count(*) FROM events")[0][0]
    states: list[LiveState] = []
    print(f"opened beside {held:,} live events: {1000 * timed(lambda: states.append(LiveState(store))):.0f} ms")
    state = states[0]
    idle = timed(lambda: repeated(state.sync, 10_000)) / 10_000
    print(f"sync with nothing new: {1e6 * idle:.1f} us")
    store.add_events([event(f"new-{n}", f"u{n}") for n in range(10_000)])
    print(f"sync: {1e6 * timed(state.sync) / 10_000:.1f} us for each new event")
    fresh = [f"u{n}" for n in range(500)]
    read = timed(lambda: [state.events(user) for user in fresh]) / len(fresh)
    print(f"events of a user: {1e6 * read:.0f} us")


def false_alarms(workspace: Workspace) -> None:
    """Shares of pairs of windows over each threshold, by windows of 5, 10 and 20 purchases."""
    release = workspace.release()
    categories = workspace.read_release("catalogue", release).select("item_id", "category")
    events = (
        workspace.read_release("events", release).filter(pl.col("event") == "purchase").join(categories, on="item_id")
    )
    by_user = events.sort("timestamp", "row").group_by("user_id", maintain_order=True).agg("category")
    histories = [history for history in by_user["category"].to_list() if len(history) >= 2]
    others = random.Random(0)
    print("\nwindow  whose        pairs  " + "  ".join(f"D>{limit}" for limit in THRESHOLDS))
    for size in (5, 10, 20):
        pairs = [pair for history in histories for pair in windows(history, size)]
        mixed = [(before, others.choice(pairs)[1]) for before, _ in pairs]
        for whose, some in (("same user", pairs), ("another's", mixed)):
            values = [drift(before, now) for before, now in some]
            shares = [sum(value > limit for value in values) / len(values) for limit in THRESHOLDS]
            print(f"{size:6}  {whose:9}  {len(values):7,}  " + "  ".join(f"{share:5.1%}" for share in shares))


def windows(history: list[str], size: int) -> list[tuple[list[str], list[str]]]:
    """Pairs of consecutive windows of so many events, none in two pairs."""
    starts = range(0, len(history) - 2 * size + 1, 2 * size)
    return [(history[at : at + size], history[at + size : at + 2 * size]) for at in starts]


def event(event_id: str, user_id: str) -> LiveEvent:
    return LiveEvent(event_id=event_id, user_id=user_id, timestamp=NOW, event="view", item_id="item")


def repeated(work: Callable[[], object], times: int) -> None:
    for _ in range(times):
        work()


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
