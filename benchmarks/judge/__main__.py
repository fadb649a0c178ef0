"""What the judge is worth: `python -m benchmarks.judge planted --dir DEMO [--sample N] [--ask N] [--again N]`,
how it stands against the raters of labelled/ and they against each other: `python -m benchmarks.judge people`,
and whether its intervals hold what they promise: `python -m benchmarks.judge intervals [--runs N]`.
`python -m benchmarks.judge collect --shop SHOP --dir DIR` adds outputs to be labelled (benchmarks.alignment says what a
shop is and which writers there are), and `show --task TASK` prints them as raters see them.

DEMO is a workspace with a release, such as `intentrec demo --dir DEMO` leaves. Faults of known kind are planted in
outputs that the rules find no fault with; printed is which share of each kind the rules catch, and which share of
verdicts changes when the same output is shown in another order or in other words. With --ask N the model of the
workspace's settings is shown N planted faults of each task, and with --again N so many good outputs in every variant.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from rich.console import Console

from benchmarks.alignment.shops import SHOPS, open_shop
from benchmarks.alignment.writers import adapters_of, writers
from benchmarks.judge.collect import collected, store
from benchmarks.judge.intervals import intervals
from benchmarks.judge.people import told
from benchmarks.judge.planted import by_model, by_rules, changed_by_model, changed_by_rules, changes, material, table
from benchmarks.judge.samples import FOLDER, Labelled
from intentrec.cli.bars import RichProgress
from intentrec.judge.criteria import TASKS


def _intervals(given: argparse.Namespace) -> None:
    print(intervals(given.runs))


def _people(given: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as cache, RichProgress(Console(stderr=True)) as progress:
        print(told(given.labelled, Path(cache), None, progress))


def _collect(given: argparse.Namespace) -> None:
    with RichProgress(Console(stderr=True)) as progress:
        shop = open_shop(given.shop, given.dir, given.data, progress)
        chosen = list(writers(given.teacher, adapters_of(given.adapter)).values())
        asked = slice(given.skip, given.skip + given.each)
        parts = list(collected(shop, given.tasks or TASKS, chosen, asked, given.faults, given.users, progress))
    store(given.labelled, parts)
    print(", ".join(f"{len(part.samples)} {part.task}s of {given.shop}" for part in parts))


def _show(given: argparse.Namespace) -> None:
    for sample in Labelled.read(given.labelled, given.task).samples:
        print(json.dumps(sample.told(), ensure_ascii=False))


OTHER = {"intervals": _intervals, "people": _people, "collect": _collect, "show": _show}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["planted", "intervals", "people", "collect", "show"])
    parser.add_argument("--dir", type=Path, default=Path("intentrec-demo"), help="a workspace with a release")
    parser.add_argument("--sample", type=int, default=300, help="outputs of each task to plant in")
    parser.add_argument("--ask", type=int, default=0, help="planted faults of each task that the model is shown")
    parser.add_argument("--again", type=int, default=0, help="good outputs of each task it is shown in every variant")
    parser.add_argument("--runs", type=int, default=2000, help="simulated judgements of each setting")
    parser.add_argument("--labelled", type=Path, default=FOLDER, help="where labelled outputs lie")
    parser.add_argument("--shop", choices=SHOPS, default="online-retail", help="collect: whose outputs")
    parser.add_argument("--data", type=Path, help="collect: folder of the logs; the demo's shop needs none")
    parser.add_argument("--each", type=int, default=25, help="collect: outputs of each writer and task")
    parser.add_argument("--skip", type=int, default=0, help="collect: questions of each task that are passed over")
    parser.add_argument("--of", dest="tasks", choices=TASKS, action="append", help="collect: tasks; all by default")
    parser.add_argument("--adapter", action="append", default=[], help="collect: NAME:STAGE=FOLDER of an adapter")
    parser.add_argument("--faults", type=int, default=30, help="collect: planted faults of each task")
    parser.add_argument("--users", type=int, default=60, help="collect: whom is asked about")
    parser.add_argument("--teacher", type=Path, help="collect: a GGUF file of a larger model")
    parser.add_argument("--task", choices=TASKS, default="interest", help="show: which")
    given = parser.parse_args()
    if given.what in OTHER:
        OTHER[given.what](given)
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
