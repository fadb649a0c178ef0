"""What the judge is worth: `python -m benchmarks.judge planted --dir DEMO [--sample N] [--ask N] [--again N]`, and
whether its intervals hold what they promise: `python -m benchmarks.judge intervals [--runs N]`.

DEMO is a workspace with a release, such as `intentrec demo --dir DEMO` leaves. Faults of known kind are planted in
outputs that the rules find no fault with; printed is which share of each kind the rules catch, and which share of
verdicts changes when the same output is shown in another order or in other words. With --ask N the model of the
workspace's settings is shown N planted faults of each task, and with --again N so many good outputs in every variant.
"""

import argparse
import time
from pathlib import Path

from rich.console import Console

from benchmarks.judge.intervals import intervals
from benchmarks.judge.planted import by_model, by_rules, changed_by_model, changed_by_rules, changes, material, table
from intentrec.cli.bars import RichProgress


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["planted", "intervals"])
    parser.add_argument("--dir", type=Path, default=Path("intentrec-demo"), help="a workspace with a release")
    parser.add_argument("--sample", type=int, default=300, help="outputs of each task to plant in")
    parser.add_argument("--ask", type=int, default=0, help="planted faults of each task that the model is shown")
    parser.add_argument("--again", type=int, default=0, help="good outputs of each task it is shown in every variant")
    parser.add_argument("--runs", type=int, default=2000, help="simulated judgements of each setting")
    given = parser.parse_args()
    if given.what == "intervals":
        print(intervals(given.runs))
        return
    with RichProgress(Console(stderr=True)) as progress:
        found = material(given.dir, given.sample, progress, ask=given.ask > 0)
        counts = ", ".join(f"{len(cases)} {task}s" for task, cases in found.good.items())
        print(f"Planted in {counts} that the rules find no fault with.\n\nCaught by rules:\n")
        print(table(by_rules(found)))
        print("\nVerdicts of the rules that change:\n")
        print(changes(changed_by_rules(found)))
        if given.ask:
            start = time.process_time()
            print(f"\nCaught by {found.judge.model_id}, without the rules:\n")
            print(table(by_model(found, given.ask)))
            if given.again:
                print(f"\nVerdicts of {found.judge.model_id} that change:\n")
                print(changes(changed_by_model(found, given.again)))
            print(f"\n{time.process_time() - start:.0f} CPU seconds for what was not in the ledger.")


if __name__ == "__main__":
    main()
