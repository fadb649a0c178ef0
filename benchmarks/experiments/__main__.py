"""`python -m benchmarks.experiments [--runs N] [--seed N] [--json FILE] [--only WORD]`.

All figures are shares of made experiments (see `worlds.py`), each watched at every midnight of 28 days, and come from
the functions that the server's reports use.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from benchmarks.experiments.tables import TABLES, Row


def cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def printed(title: str, rows: list[Row]) -> None:
    print(f"\n{title}\n")
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(cell(value) for value in row.values()) + " |", flush=True)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="made experiments behind each figure")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="tables whose title has this in it")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args()
    start = time.perf_counter()
    print(f"{args.runs} runs, seed {args.seed}; {platform.machine()}, {os.cpu_count()} cores")
    kept: dict[str, Any] = {}
    for title, table in TABLES.items():
        if args.only in title:
            kept[title] = rows = list(table(args.runs, args.seed))
            printed(title, rows)
    print(f"\n{time.perf_counter() - start:.0f} s")
    if args.json:
        args.json.write_text(
            json.dumps({"runs": args.runs, "seed": args.seed, "tables": kept}, indent=2) + "\n", "utf-8"
        )


if __name__ == "__main__":
    main()
