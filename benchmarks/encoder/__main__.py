"""The encoder on public logs.

python -m benchmarks.encoder table --data FOLDER --dataset beauty --protocol leave-one-out --out FOLDER
    [--rows a,b] [--pairs 2048] [--test-users 4000] [--model minilm] [--device cpu]
    Train each row of the paper's table and keep its lists; what is there is skipped, what was interrupted goes on.
    Then the table of what was kept, each row against the full encoder.
    With a GPU: --device cuda --pairs 1000000 --epochs 3 --batch 1024 --test-users 1000000 for the full size.
python -m benchmarks.encoder together --data FOLDER --dataset ... --protocol ... --out FOLDER
    Towers and encoder, alone and together. `--out` must hold the row "towers" of benchmarks.quality and the full
    encoder.
python -m benchmarks.encoder report ...
    The tables again, from what is kept.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from benchmarks.encoder.report import write_tables
from benchmarks.encoder.rows import Budget, rows_of
from benchmarks.encoder.running import impressions_of, run_narrowed, run_row, sampled
from benchmarks.encoder.together import run_together
from benchmarks.quality.__main__ import opened
from benchmarks.quality.tasks import DataSet, Protocol
from intentrec.errors import ConfigError


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(given)
    command = "python -m benchmarks.encoder " + shlex.join(given)
    bench = opened(options, command)
    bench = replace(bench, task=sampled(bench.task, options.test_users))
    if options.command == "table":
        impressions = impressions_of(options.data, bench.task)
        budget = Budget(options.pairs, options.epochs, options.model, options.batch)
        rows = rows_of(bench.task, budget, impressions=impressions is not None)
        names = [name for name in options.rows.split(",") if name] or list(rows)
        for name in names:
            if name not in rows:
                raise ConfigError(f"There is no row {name!r}; there are {', '.join(rows)}.")
            start = time.perf_counter()
            run_row(bench, name, rows[name], impressions, seed=options.seed, device=options.device)
            print(f"{bench.task.key}: {name}: {time.perf_counter() - start:.0f} s", flush=True)
        run_narrowed(bench, impressions, seed=options.seed, device=options.device)
    elif options.command == "together":
        run_together(bench, options.seed, options.device)
    for file in write_tables(bench, command, options.samples):
        print(file, flush=True)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    for name in ("table", "together", "report"):
        command = commands.add_parser(name)
        command.add_argument("--data", type=Path, required=True, help="folder of the log, or the one above it")
        command.add_argument("--dataset", choices=get_args(DataSet), required=True)
        command.add_argument("--protocol", choices=get_args(Protocol), required=True)
        command.add_argument("--out", type=Path, required=True, help="folder of all runs")
        command.add_argument("--test-users", type=int, default=4000, help="most test users, drawn once for all")
        command.add_argument("--threads", type=int, default=2)
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--device", default="cpu")
        command.add_argument("--samples", type=int, default=2000, help="draws of the bootstrap")
        command.set_defaults(users=None, budget=20)
    table = commands.choices["table"]
    table.add_argument("--rows", default="", help="names, separated by commas; all by default")
    table.add_argument("--pairs", type=int, default=2048, help="pairs in one epoch")
    table.add_argument("--epochs", type=int, default=1)
    table.add_argument("--batch", type=int, default=64)
    table.add_argument("--model", default="minilm", help="as encoder.model")
    return top


if __name__ == "__main__":
    main()
