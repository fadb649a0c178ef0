"""What the load came to, in Markdown."""

from dataclasses import dataclass
from statistics import median

from benchmarks.serving.histogram import SHARES, together
from benchmarks.serving.pairs import Pair, Round, median_ratio
from benchmarks.serving.wrk import Measured

LIVE = "live search"
RATIO_GOAL, TAIL_GOAL = 0.5, 5.0


@dataclass(frozen=True)
class Live:
    """Lists that are ranked anew.

    Attributes:
        most: As fast as it goes.
        connections: Of each.
    """

    most: list[Round]
    below: list[Round]
    connections: tuple[int, int]


def pair_table(name: str, pairs: list[Pair], connections: int) -> str:
    """Both servers, and the ratio."""
    ratio = median_ratio(pairs)
    ratios = ", ".join(f"{pair.ratio:.2f}" for pair in pairs)
    times = together([pair.ours.measured for pair in pairs])
    lines = [
        f"\n**{name}**\n",
        "| server | requests a processor second | requests a second | bytes an answer |",
        "|---|---|---|---|",
    ]
    for who, rounds in (
        ("intentrec, with a key", [p.ours for p in pairs]),
        ("bare Starlette and orjson", [p.bare for p in pairs]),
    ):
        whole = together([each.measured for each in rounds])
        lines.append(
            f"| {who} | {median(each.per_cpu_second for each in rounds):,.0f} | "
            f"{median(each.measured.per_second for each in rounds):,.0f} | {whole.n_bytes / whole.requests:,.0f} |"
        )
    held = "holds" if ratio >= RATIO_GOAL else "fails"
    lines += [
        f"\nRatio by processor seconds {ratio:.2f}, median of {len(pairs)} pairs ({ratios}); at least {RATIO_GOAL}: "
        f"{held}.",
        f"Times of ours with {connections} connections and no pause: {said(times)}.",
    ]
    return "\n".join(lines)


def live_table(live: Live) -> str:
    """At most, and below that."""
    most, below = (together([each.measured for each in rounds]) for rounds in (live.most, live.below))
    tail = below.percentile(0.99) / below.percentile(0.5)
    cost = median(1000 / each.per_cpu_second for each in live.most)
    held = "holds" if tail < TAIL_GOAL else "fails"
    share = below.per_second / most.per_second
    busy, patient = live.connections
    lines = [
        f"\n**{LIVE}** (`beta` overridden: each list is ranked anew)\n",
        f"- as fast as it goes, {busy} connections: {most.per_second:,.0f} lists a second, {cost:.2f} ms of a "
        f"processor each; {said(most)}",
        f"- {patient} connections that pause, {below.per_second:,.0f} lists a second ({share:.0%} of that): "
        f"{said(below)}",
        f"- p99 over p50 at that load: {tail:.1f}; below {TAIL_GOAL:.0f}: {held}",
    ]
    return "\n".join(lines)


def said(times: Measured) -> str:
    """Percentiles in words."""
    return ", ".join(f"p{100 * share:g} {times.percentile(share):.2f} ms" for share in SHARES)
