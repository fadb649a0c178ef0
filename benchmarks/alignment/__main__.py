"""Judged pass rates and HR@30 of writers: `python -m benchmarks.alignment table --shop online-retail --dir DIR`.

The rules, the 135M model zero-shot in each form, aligned (`--adapter NAME:STAGE=FOLDER`, any number), and a larger
model (`--teacher FILE.gguf`) answer the same questions, about users who bought before and in the last window, as of the
window's beginning. Judged is what they wrote, before any gate. Every answer is in the workspace's ledger: an
interrupted run goes on, and a second one asks nothing.

`injection` gives the same writers item titles that hold orders, and counts whom they reach and who obeys.
`equality` asks one adapter by every road on which it can be served (`--server` adds a server's), and compares the
answers; `--writer` picks roads.
`retrieval` puts the same writers' tags through the product's tag channel, whose towers are trained once and lie in the
workspace, and measures what they find of what users bought later; its figures are held against the rules.
`pipelines` counts what the tags of each writer foresee, as written and as a run stores them (gated, filled by rules).
`options` tries best of several answers (aligned writers), hints and planned personas (the teacher) in the tag stage.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from rich.console import Console

from benchmarks.alignment.equality import agreements, compare_roads, parted, to_json
from benchmarks.alignment.injection import HEAD, reached
from benchmarks.alignment.judged import Line, asking_of, lines
from benchmarks.alignment.options import FEW, figures_of
from benchmarks.alignment.pipelines import pipelines
from benchmarks.alignment.report import BELOW, to_markdown, why
from benchmarks.alignment.retrieval import RULES, worth
from benchmarks.alignment.roads import Server
from benchmarks.alignment.shops import SHOPS, Shop, open_shop
from benchmarks.alignment.writers import Writer, adapters_of, writers
from intentrec.cli.bars import RichProgress
from intentrec.llm.config import Stage
from intentrec.pipeline.asking import Asking
from intentrec.progress import Progress


def main() -> None:
    """Ask, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["table", "injection", "equality", "retrieval", "pipelines", "options"])
    parser.add_argument("--shop", choices=SHOPS, default="online-retail")
    parser.add_argument("--dir", type=Path, required=True, help="the workspace; made where it is not there")
    parser.add_argument("--data", type=Path, help="folder of the logs; the demo's shop needs none")
    parser.add_argument("--stage", choices=get_args(Stage), action="append", help="all by default")
    parser.add_argument("--users", type=int, default=100, help="whom is asked about")
    parser.add_argument("--questions", type=int, help="most questions of a stage: 200, of equality 30")
    parser.add_argument("--teacher", type=Path, help="a GGUF file of a larger model")
    parser.add_argument("--adapter", action="append", default=[], help="NAME:STAGE=FOLDER of an adapter")
    parser.add_argument("--writer", action="append", help="only these writers, by a part of their name")
    parser.add_argument("--against", action="append", help="writers that the others are held against, by their names")
    parser.add_argument("--out", type=Path, help="add the figures to this JSON lines file")
    parser.add_argument("--server", help="equality: a server that offers the adapter, up to and with /v1")
    parser.add_argument("--served", help="equality: the adapter's name there; by default the NAME of --adapter")
    given = parser.parse_args()
    given.questions = given.questions or (30 if given.what == "equality" else 200)
    known = writers(given.teacher, adapters_of(given.adapter))
    chosen = [w for name, w in known.items() if not given.writer or any(part in name for part in given.writer)]
    with RichProgress(Console(stderr=True)) as progress:
        shop = open_shop(given.shop, given.dir, given.data, progress)
        if given.what == "injection":
            print(HEAD)
            for stage in given.stage or get_args(Stage):
                for row in reached(shop, stage, chosen, given.users, given.questions, progress):
                    print(row.row(), flush=True)
            return
        asking = asking_of(shop, given.users, progress)
        if given.what == "equality":
            _equality(shop, asking, given, progress)
            return
        if given.what == "options":
            found = [
                line
                for writer in chosen
                if writer.llm is not None and (writer.adapters is None or writer.writes("tags"))
                for line in figures_of(shop, asking, writer, given.users, FEW, progress)
            ]
            print(to_markdown(found, given.against or ()))
        elif given.what == "pipelines":
            found = pipelines(shop, asking, chosen, given.questions, progress)
            print(to_markdown(found, given.against or ("rules, gated and filled",)))
        elif given.what == "retrieval":
            found = worth(shop, asking, chosen, given.questions, progress)
            print(to_markdown(found, given.against or RULES))
        else:
            found = _table(shop, asking, chosen, given, progress)
    if given.out:
        with given.out.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(vars(line), ensure_ascii=False) + "\n" for line in found)


def _table(
    shop: Shop, asking: Asking, chosen: Sequence[Writer], given: argparse.Namespace, progress: Progress
) -> list[Line]:
    found: list[Line] = []
    for stage in given.stage or get_args(Stage):
        own = lines(shop, asking, stage, chosen, given.questions, progress)
        print(f"{to_markdown(own, given.against or BELOW)}\n\n{why(own)}\n", flush=True)
        found += own
    return found


def _equality(shop: Shop, asking: Asking, given: argparse.Namespace, progress: Progress) -> None:
    if not given.adapter:
        raise SystemExit("equality compares the roads of an adapter: name one with --adapter NAME:STAGE=FOLDER.")
    for name, own in adapters_of(given.adapter).items():
        for stage, folder in own.items():
            server = Server(given.server, given.served or name) if given.server else None
            roads = given.writer or ()
            found = compare_roads(shop, asking, stage, folder, server, roads, given.questions, progress)
            print(f"{agreements(found)}\n\n{parted(found)}\n", flush=True)
            if given.out:
                with given.out.open("a", encoding="utf-8") as file:
                    file.writelines(f"{to_json(one)}\n" for one in found)


if __name__ == "__main__":
    main()
