"""What the demo takes and what it finds: `python -m benchmarks.demo [--keep DIR]`.

Runs the demo twice in an empty folder, the second time to see that nothing is paid for twice, and prints Markdown:
machine, seconds, peak memory, calls to the language model, and the comparison with tuned baselines.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from intentrec.llm import Ledger
from intentrec.workspace import Workspace

LIBRARIES = ("intentrec", "torch", "polars", "deltalake", "sentence-transformers", "xllamacpp", "implicit")


def intentrec(*arguments: object) -> tuple[str, float]:
    """Output of a command and the seconds it took."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "intentrec", *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return done.stdout, time.perf_counter() - start


def calls(folder: Path) -> int:
    """How many calls to a language model the ledger holds."""
    ledger = Ledger(Workspace(folder).ledger)
    try:
        return sum(total.calls for total in ledger.totals())
    finally:
        ledger.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="put the demo here and leave it")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary) / "demo"
        _, first = intentrec("demo", "--dir", folder)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        paid = calls(folder)
        _, second = intentrec("demo", "--dir", folder)
        again = calls(folder) - paid
        # Without the records of finished steps every stage asks again, and the ledger answers.
        Workspace(folder).steps.clear()
        replay = json.loads(intentrec("-w", folder, "run", "--as-of", cut(folder), *users(folder), "--json")[0])
        evaluation = json.loads(intentrec("-w", folder, "evaluate", "--json")[0])
    hits = {stage: (use["hits"], use["requests"], use["calls"]) for stage, use in replay["models"].items()}
    print(f"- machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"- versions: {', '.join(f'{name} {version(name)}' for name in LIBRARIES)}")
    print(f"- first run: {first:.0f} s, peak memory {peak:.2f} GB, {paid} calls to the language model")
    print(f"- second run: {second:.0f} s, {again} new calls in the ledger")
    print(f"- all steps done again: by stage (ledger hits, requests, calls): {hits}")
    print()
    print(table(evaluation))


def cut(folder: Path) -> str:
    """The as-of time of the demo's release."""
    return Workspace(folder).release().as_of.isoformat()


def users(folder: Path) -> tuple[object, ...]:
    """The option that names the demo's users of the language model."""
    return ("--users", folder / "llm-users.txt")


def table(evaluation: dict[str, Any]) -> str:
    """The comparison as Markdown: recall@100 with its interval, marks where a number differs significantly."""
    metrics = ("recall@10", "ndcg@10", "recall@100", "coverage@10", "category_diversity@10")
    lines = [f"| view | system | {' | '.join(metrics)} |", "|---" * (len(metrics) + 2) + "|"]
    for view in ("all", "new", "repeat"):
        for system in evaluation["systems"]:
            values = system if view == "all" else system["views"][view]
            cells = [cell(evaluation, values, view, system["system"], metric) for metric in metrics]
            lines.append(f"| {view} | {system['system']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(evaluation: dict[str, Any], values: dict[str, Any], view: str, system: str, metric: str) -> str:
    """One number; `*` significantly below the first system's, `+` significantly above it."""
    first = evaluation["systems"][0]["system"]
    pair = {"view": view, "stratum": "everyone", "metric": metric, "system": first, "against": system}
    found = [row for row in evaluation["comparisons"] if pair.items() <= row.items() and row["p_holm"] < 0.05]
    mark = "" if not found else "*" if found[0]["difference"] > 0 else "+"
    low, high = values["intervals"].get(metric, (None, None))
    interval = f" [{low:.4f}, {high:.4f}]" if metric == "recall@100" else ""
    return f"{values[metric]:.4f}{mark}{interval}"


if __name__ == "__main__":
    main()
