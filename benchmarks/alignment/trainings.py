"""Trainings that are held against each other, each from the same beginning.

`python -m benchmarks.alignment.trainings rounds --dir WORKSPACE --task tags` trains on what others answer (the first
round), then anew with the model's own answers beside that: once those that the judge passes, once all of them.
`... behaviour` trains on the first round's samples without what users did in the days before the cut (incremental
learning), and without the same in chats of `alignment.data.general_file` that other workspaces (--other) gave.
`... rewards` goes on from the first round by GRPO, with gated and with summed rewards, from several seeds.

All take the settings of the workspace, find what is trained already, and print each adapter as `benchmarks.alignment`
wants to have it (`--adapter NAME:STAGE=FOLDER`), where they are measured.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import get_args

import polars as pl
from rich.console import Console

from intentrec.alignment.data.general import Said
from intentrec.alignment.recipes.rewards import Question, Reward
from intentrec.alignment.samples import samples_of
from intentrec.cli.bars import RichProgress
from intentrec.config import Config, load_config
from intentrec.llm import Completion
from intentrec.llm.config import Stage
from intentrec.pipeline.align_data import Data, first_data, general_answers, own_data, with_some_general
from intentrec.pipeline.align_judging import Examiner, open_examiner
from intentrec.pipeline.align_questions import Scene, set_scene
from intentrec.pipeline.align_rewards import rewarded
from intentrec.pipeline.align_shelf import Shelf
from intentrec.pipeline.align_training import Learned, School
from intentrec.pipeline.align_writers import base_llm
from intentrec.progress import Progress
from intentrec.workspace import Workspace

REWARDS = ("gated", "summed")
BEHAVIOUR = "behaviour"


@dataclass(frozen=True)
class Classroom:
    """A scene with its judge and the samples of others."""

    workspace: Workspace
    scene: Scene
    examiner: Examiner
    data: Data

    def school(self, scene: Scene | None = None) -> School:
        """Where it is trained, by the settings of a scene."""
        base = base_llm(self.scene.config)
        return School(self.workspace, scene or self.scene, base, self.examiner, lambda: datetime.now(UTC))

    def first(self) -> Learned:
        """The model after one training on the answers of others, as `intentrec align` makes it."""
        return self.school().sft(self._whole(self.data))

    def without_behaviour(self, others: Sequence[Workspace]) -> tuple[Learned, Data]:
        """The model after the first training without what users did, also in chats of other shops, and its samples."""
        tables = (samples_of(other.read("samples").filter(pl.col("source") == BEHAVIOUR)) for other in others)
        elsewhere = {(sample.messages, sample.answer) for table in tables for sample in table}
        samples = [
            sample
            for sample in self._whole(self.data).samples
            if sample.source != BEHAVIOUR and (sample.messages, sample.answer) not in elsewhere
        ]
        return self.school().sft(Data(samples)), Data(samples)

    def second(self, first: Learned, *, judged: bool) -> tuple[Learned, Data]:
        """The model after a training with its own answers, too, and these."""
        examiner = self.examiner if judged else None
        own = own_data(self.workspace, self.scene, examiner, base_llm(self.scene.config), first.folder)
        return self.school().sft(self._whole(self.data.and_also(own.samples, own.counts))), own

    def _whole(self, data: Data) -> Data:
        return with_some_general(data, self.scene, self._said)

    @cached_property
    def _said(self) -> Sequence[Completion[Said]]:
        return general_answers(self.workspace, self.scene, base_llm(self.scene.config))


@contextmanager
def opened(folder: Path, task: Stage, teacher: str, progress: Progress) -> Iterator[Classroom]:
    """The samples of others, as of the time that `intentrec align` takes; nobody else trains meanwhile."""
    workspace = Workspace(folder)
    config = load_config(workspace.config_file)
    with Shelf(workspace).training():
        scene = set_scene(workspace, config, task, None, progress)
        with open_examiner(workspace, config, scene.asking, progress) as examiner:
            yield Classroom(workspace, scene, examiner, first_data(workspace, scene, examiner, teacher))


def rounds(room: Classroom) -> Iterator[tuple[str, Learned, str]]:
    """The first round, and the second with a judge and without: name, adapter, and what came of its own answers."""
    first = room.first()
    yield "first", first, ""
    for judged in (True, False):
        learned, own = room.second(first, judged=judged)
        told = ", ".join(f"{name} {n}" for name, n in sorted(own.counts.items()))
        yield f"second-{'judged' if judged else 'unjudged'}", learned, f"{len(own.samples)} samples ({told})"


def behaviour(room: Classroom, others: Sequence[Workspace]) -> Iterator[tuple[str, Learned, str]]:
    """The first round, and the same without what users did: name, adapter, samples by source."""
    yield "first", room.first(), ""
    learned, data = room.without_behaviour(others)
    yield "without-behaviour", learned, f"{len(data.samples)} samples {data.sources()}"


def rewards(room: Classroom, seeds: int, steps: int) -> Iterator[tuple[str, Learned, str]]:
    """The first round, and GRPO from there by each reward and seed: name, adapter, and the reward as it was trained."""
    first = room.first()
    yield "first", first, ""
    for seed in range(seeds):
        for reward in REWARDS:
            scene = _set(room.scene, {"method": "grpo", "reward": reward, "seed": seed, "grpo_steps": steps})
            questions, judged = rewarded(scene, room.examiner)
            kept: list[float] = []
            learned = room.school(scene).grpo(room.data, questions, _noted(judged, kept), first)
            tenth = max(len(kept) // 10, 1)
            told = f"reward {_mean(kept[:tenth]):.3f} to {_mean(kept[-tenth:]):.3f}" if kept else "found"
            yield f"grpo-{reward}-{seed}", learned, f"{len(questions)} questions, {told}"


def _set(scene: Scene, changes: dict[str, object]) -> Scene:
    config: Config = scene.config
    alignment = config.alignment.model_copy(update=changes)
    return replace(scene, tools=replace(scene.tools, config=config.model_copy(update={"alignment": alignment})))


def _noted(reward: Reward, kept: list[float]) -> Reward:
    def noted(questions: Sequence[Question], answers: Sequence[str]) -> list[float]:
        found = reward(questions, answers)
        kept.extend(found)
        return found

    return noted


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["rounds", "behaviour", "rewards"])
    parser.add_argument("--dir", type=Path, required=True, help="a workspace; [alignment] says how it is trained")
    parser.add_argument("--task", choices=get_args(Stage), default="tags")
    parser.add_argument("--teacher", default="", help="a GGUF file of a larger model")
    parser.add_argument("--other", type=Path, action="append", default=[], help="behaviour: workspace of other chats")
    parser.add_argument("--seeds", type=int, default=2, help="rewards: trainings by each")
    parser.add_argument("--steps", type=int, default=50, help="rewards: of each training")
    given = parser.parse_args()
    with (
        RichProgress(Console(stderr=True)) as progress,
        opened(given.dir, given.task, given.teacher, progress) as room,
    ):
        made = {
            "rounds": lambda: rounds(room),
            "behaviour": lambda: behaviour(room, [Workspace(other) for other in given.other]),
            "rewards": lambda: rewards(room, given.seeds, given.steps),
        }
        for name, learned, told in made[given.what]():
            print(f"--adapter {name}:{given.task}={learned.folder}  # {told or learned.name}", flush=True)


if __name__ == "__main__":
    main()
