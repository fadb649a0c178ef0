"""The towers beside every tuned baseline on public logs.

python -m benchmarks.quality run --data FOLDER --dataset beauty --protocol leave-one-out --out FOLDER
    --systems popularity,itemknn,ease,towers --seeds 0-4 [--budget 20] [--rectools FOLDER]
    Fit each system once for each seed and keep its lists; what is there already is skipped.
python -m benchmarks.quality ablation ... [--variants a,b]
    The same for the variants of the towers (benchmarks/quality/variants.py), then their own table.
python -m benchmarks.quality report --out FOLDER
    Tables of everything that was kept: Markdown, JSON, HTML.
python -m benchmarks.quality export --data FOLDER --dataset ... --protocol ... --out FOLDER
    The training log for `python -m benchmarks.rectools lists`.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import get_args

from benchmarks.quality.fitting import needs_first, run_variant, use_threads
from benchmarks.quality.reports import report
from benchmarks.quality.store import Store
from benchmarks.quality.tasks import DataSet, Protocol, load
from benchmarks.quality.transformers import NAMES, take_over
from benchmarks.quality.tuned import BASELINES, Bench, run_baseline
from benchmarks.quality.variants import ablations_of, variants_of
from intentrec.errors import ConfigError

_EVERY_SECONDS = 60.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(given)
    command = "python -m benchmarks.quality " + shlex.join(given)
    if options.command == "report":
        report(options.out, command, datasets=options.dataset, only=_names(options.systems), samples=options.samples)
        return
    bench = opened(options, command)
    if options.command == "export":
        export(bench, options.out)
    elif options.command == "run":
        run_all(bench, _names(options.systems), seeds_of(options.seeds), options.rectools)
    else:
        names = _names(options.variants) or ablations_of(bench.task)
        run_all(bench, names, seeds_of(options.seeds), None)
        report(options.out, command, datasets=[bench.task.key], only=names, name="ablation", samples=options.samples)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    for name in ("run", "ablation", "export"):
        command = commands.add_parser(name)
        command.add_argument("--data", type=Path, required=True, help="folder of the log, or the one above it")
        command.add_argument("--dataset", choices=get_args(DataSet), required=True)
        command.add_argument("--protocol", choices=get_args(Protocol), required=True)
        command.add_argument("--out", type=Path, required=True, help="folder of all runs")
        command.add_argument("--users", type=int, help="so many users only, for trying out")
        command.add_argument("--budget", type=int, default=20, help="settings tried for each baseline")
        command.add_argument("--threads", type=int, default=1)
        command.add_argument("--seeds", default="0", help="such as 0-4 or 0,3")
    run, ablation = commands.choices["run"], commands.choices["ablation"]
    run.add_argument("--systems", required=True, help="names, separated by commas")
    run.add_argument("--rectools", type=Path, help="folder of finished runs of benchmarks.rectools on the same data")
    ablation.add_argument("--variants", default="", help="names, separated by commas; all by default")
    command = commands.add_parser("report")
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--dataset", nargs="*", default=[], help="folders within --out; all by default")
    command.add_argument("--systems", default="", help="rows, separated by commas; all that are no ablation by default")
    for each in (command, ablation):
        each.add_argument("--samples", type=int, default=2000, help="draws of the bootstrap")
    return top


def opened(options: argparse.Namespace, command: str) -> Bench:
    """The task that the command line names, with its folder."""
    use_threads(options.threads)
    task = load(options.data, options.dataset, options.protocol, options.users)
    about = {
        "data": str(options.data.resolve()), "dataset": options.dataset, "protocol": options.protocol,
        "users": options.users, "command": command,
    }  # fmt: skip
    store = Store.open(options.out, task, about)
    return Bench(task, store, options.out / "cache", options.budget, Said())


def run_all(bench: Bench, systems: Sequence[str], seeds: Sequence[int], rectools: Path | None) -> None:
    """Every system with the first seed, then with the next: a table can be made after each round.

    Raises:
        ConfigError: There is no such system.
    """
    variants = variants_of(bench.task)
    _check(systems, (*BASELINES, *NAMES, *variants))
    for seed in seeds:
        for name in systems:
            start = time.perf_counter()
            if name in variants:
                if needs_first(bench, name, seed):
                    run_variant(bench, name, 0)
                run_variant(bench, name, seed)
            elif name in BASELINES:
                run_baseline(bench, name, seed)
            elif seed == seeds[0]:
                _take_over(bench, rectools, name)
            print(f"{bench.task.key}: {name}, seed {seed}: {time.perf_counter() - start:.0f} s", flush=True)


def export(bench: Bench, out: Path) -> None:
    """Write what may be learned, and say how to train on it."""
    file = out / bench.task.key / "train.parquet"
    bench.task.split.train.select("user_id", "item_id", "timestamp").write_parquet(file)
    since = bench.task.as_of - timedelta(days=bench.task.days)
    print(f"python -m benchmarks.rectools lists --events {file} --validation-from {since.isoformat()}")


def seeds_of(text: str) -> list[int]:
    """0-2,5 means 0, 1, 2 and 5.

    Raises:
        ConfigError: It means nothing.
    """
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise ConfigError(f"--seeds must be such as 0-4 or 0,3, not {text!r}.")
        found += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(found))


def _take_over(bench: Bench, rectools: Path | None, name: str) -> None:
    if rectools is None:
        raise ConfigError(f"{name} is trained by benchmarks.rectools; give the folder of its runs as --rectools.")
    seeds = take_over(bench, rectools, name)
    print(f"{name}: seeds {seeds}" if seeds else f"{name}: nothing finished in {rectools}", flush=True)


def _check(systems: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in systems if name not in known]
    if unknown:
        raise ConfigError(f"There is no system {', '.join(unknown)}. There are: {', '.join(known)}.")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


class Said:
    """Progress as a line a minute."""

    @contextmanager
    def track(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Say how far it has come."""
        done, said, start = 0, time.perf_counter(), time.perf_counter()

        def advance(more: int) -> None:
            nonlocal done, said
            done += more
            now = time.perf_counter()
            if now - said >= _EVERY_SECONDS:
                said = now
                print(f"  {label}: {done}{f' of {total}' if total else ''} in {now - start:.0f} s", flush=True)

        yield advance


if __name__ == "__main__":
    main()
