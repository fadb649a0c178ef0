"""Trains RecTools' transformers and says what they find.

python -m benchmarks.rectools beauty --data FOLDER --env FOLDER --out FOLDER [--models esasrec sasrec ...] [--seeds 0 1]
    Amazon Beauty, leave-one-out in canonical order: settings and epochs by the validation item, then training on train
    and validation together, once for each seed.
python -m benchmarks.rectools lists --events FILE --validation-from TIME --env FOLDER --out FOLDER [--histories FILE]
    Any log (user_id, item_id, timestamp, all of it before the cut): lists for `system.RecToolsSystem`.
python -m benchmarks.rectools speed --data FOLDER --env FOLDER --out FOLDER
    Positions per second of RecTools as it comes, and with padding left out.

A run whose result.json lies in --out is never made again; stop and start as you like.
"""

import argparse
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import polars as pl

from benchmarks.rectools.environment import python_of
from benchmarks.rectools.exchange import Exchange
from benchmarks.rectools.measured import KS, per_user
from benchmarks.rectools.runs import Worker, best_validation, tuned_then_trained
from benchmarks.rectools.settings import SPACE, Model, Settings

_SPEED_STEPS = 20


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    options = parser().parse_args(arguments)
    python = python_of(options.env, options.torch_options.split())
    {"beauty": beauty, "lists": lists, "speed": speed}[options.command](options, python)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    for name in ("beauty", "lists", "speed"):
        command = commands.add_parser(name)
        command.add_argument(
            "--env", type=Path, required=True, help="environment of RecTools, made where it is missing"
        )
        command.add_argument("--torch-options", default="", help="further options of pip for torch, in one string")
        command.add_argument("--out", type=Path, required=True, help="folder of the runs")
        command.add_argument("--models", nargs="+", choices=get_args(Model), default=["esasrec", "sasrec"])
        command.add_argument("--seeds", nargs="*", type=int, default=[0])
        command.add_argument("--trials", type=int, default=1, help="settings tried on validation; 1 is the published")
        command.add_argument("--k", type=int, default=500 if name == "lists" else 100)
        command.add_argument("--nice", type=int, default=5)
        types = get_type_hints(Settings)
        for field in fields(Settings):
            if field.name not in ("model", "seed"):
                flag = f"--{field.name.replace('_', '-')}"
                parse = truth if types[field.name] is bool else types[field.name]
                command.add_argument(flag, type=parse, default=field.default)
        if name == "lists":
            command.add_argument("--events", type=Path, required=True)
            command.add_argument("--validation-from", type=datetime.fromisoformat, required=True)
            command.add_argument("--histories", type=Path, help="whole histories of the users to serve")
        else:
            command.add_argument("--data", type=Path, required=True, help="folder with events.parquet")
    return top


def truth(text: str) -> bool:
    """Yes or no of the command line.

    Raises:
        ValueError: It is neither.
    """
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"


def settings_of(options: argparse.Namespace, model: str) -> Settings:
    """Settings of one model from the command line."""
    values = {field.name: getattr(options, field.name) for field in fields(Settings) if hasattr(options, field.name)}
    return Settings.of(values | {"model": model})


def beauty(options: argparse.Namespace, python: Path) -> None:
    """Leave-one-out on Amazon Beauty; prints a Markdown table as runs finish."""
    events = pl.read_parquet(options.data / "events.parquet").sort("user_id", "position")
    parts = {name: events.filter(pl.col("split") == name) for name in ("train", "valid", "test")}
    worker = Worker(python, k=options.k, nice=options.nice)
    print(HEADER)
    for model in options.models:
        runs = tuned_then_trained(
            worker,
            options.out,
            settings_of(options, model),
            parts=(parts["train"], parts["valid"]),
            histories=events.filter(pl.col("split") != "test"),
            space=SPACE,
            trials=options.trials,
            seeds=options.seeds,
        )
        for exchange, settings in runs:
            print(row(exchange, settings, parts["test"]), flush=True)


HEADER = (
    f"| system | trained on | {' | '.join(f'R@{k} | N@{k}' for k in KS)} | valid N@10 | epochs | s | positions / s |\n"
    f"|{'---|' * (6 + 2 * len(KS))}"
)


def row(exchange: Exchange, settings: Settings, targets: pl.DataFrame) -> str:
    """One line of the table."""
    result = exchange.result(settings.key) or {}
    means = per_user(exchange.lists(settings.key), targets).drop("user_id").mean().row(0, named=True)
    numbers = " | ".join(f"{means[f'recall@{k}']:.4f} | {means[f'ndcg@{k}']:.4f}" for k in KS)
    valid = f"{best_validation(result)['ndcg@10']:.4f}" if exchange.validates else ""
    return (
        f"| {settings.key} | {exchange.folder.name} | {numbers} | {valid} | {result['best_epoch']} | "
        f"{result['training_seconds']:.0f} | {result['positions_per_second']:.0f} |"
    )


def lists(options: argparse.Namespace, python: Path) -> None:
    """Lists with and without seen items for users of any log."""
    events = pl.read_parquet(options.events).sort("timestamp", maintain_order=True)
    cut = pl.lit(options.validation_from).cast(events.schema["timestamp"])
    histories = events
    if options.histories:
        histories = pl.read_parquet(options.histories).sort("timestamp", maintain_order=True)
    for model in options.models:
        runs = tuned_then_trained(
            Worker(python, k=options.k, filters=(True, False), nice=options.nice),
            options.out,
            settings_of(options, model),
            parts=(events.filter(pl.col("timestamp") < cut), events.filter(pl.col("timestamp") >= cut)),
            histories=histories,
            space=SPACE,
            trials=options.trials,
            seeds=options.seeds,
        )
        for exchange, settings in runs[1:]:
            print(exchange.folder / settings.key, flush=True)


def speed(options: argparse.Namespace, python: Path) -> None:
    """Positions per second, one epoch of each model; stock RecTools for some steps only."""
    events = pl.read_parquet(options.data / "events.parquet").sort("user_id", "position")
    train = events.filter(pl.col("split") == "train")
    exchange = Exchange.write(options.out / "speed", train=train, histories=train)
    worker = Worker(python, k=0, nice=options.nice)
    print("| model | width | length | layers | padding | positions / s | positions / CPU s | ms a step |")
    print(f"|{'---|' * 8}")
    for model in options.models:
        base = replace(settings_of(options, model), epochs=1)
        stock = replace(base, real_positions=False, mask_padding=model != "sasrec", limit_steps=_SPEED_STEPS)
        for settings in (stock, base):
            print(speed_row(settings, worker.run(exchange, settings)), flush=True)


def speed_row(settings: Settings, result: dict[str, Any]) -> str:
    """One line of the table of speeds."""
    padding = "left out" if settings.real_positions else "as RecTools"
    return (
        f"| {settings.model} | {settings.n_factors} | {settings.session_max_len} | {settings.n_blocks} | {padding} | "
        f"{result['positions_per_second']:.0f} | {result['positions_per_cpu_second']:.0f} | "
        f"{1000 * result['training_seconds'] / result['steps']:.0f} |"
    )


if __name__ == "__main__":
    main()
