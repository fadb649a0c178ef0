"""Trainings that are held against each other begin at the same adapter."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from benchmarks.alignment import trainings
from benchmarks.alignment.trainings import rewards, rounds
from intentrec.config import Config
from intentrec.pipeline.align_data import Data
from intentrec.pipeline.align_training import Learned


def learned(name):
    """An adapter of that name."""
    return Learned(name, "sft", Path(name), trained=True, figures={})


def test_the_second_round_is_trained_with_a_judge_and_without_from_one_first():
    asked = []

    def second(first, *, judged):
        asked.append((first.name, judged))
        return learned("second"), Data([], Counter({"self: passed": 3}))

    found = list(rounds(SimpleNamespace(first=lambda: learned("first"), second=second)))
    assert [name for name, *_ in found] == ["first", "second-judged", "second-unjudged"]
    assert asked == [("first", True), ("first", False)]
    assert found[1][2] == "0 samples (self: passed 3)"


@dataclass(frozen=True)
class Scene:
    """A scene of nothing but settings."""

    tools: object
    stage: str = "tags"

    @property
    def config(self):
        """The settings."""
        return self.tools.config


@dataclass(frozen=True)
class Tools:
    """Nothing but settings."""

    config: Config


def test_every_reward_and_seed_goes_on_from_the_first(monkeypatch):
    trained = []
    monkeypatch.setattr(trainings, "rewarded", lambda scene, examiner: ([1, 2], lambda *_: [0.0, 1.0]))

    def grpo(scene):
        def train(data, questions, reward, start):
            settings = scene.config.alignment
            trained.append((settings.method, settings.reward, settings.seed, settings.grpo_steps, start.name))
            reward(questions, ["a", "b"])
            return learned("grpo")

        return SimpleNamespace(grpo=train)

    room = SimpleNamespace(
        first=lambda: learned("first"), school=grpo, scene=Scene(Tools(Config())), examiner=None, data=Data([])
    )
    found = list(rewards(room, seeds=2, steps=7))
    assert [name for name, *_ in found] == ["first", "grpo-gated-0", "grpo-summed-0", "grpo-gated-1", "grpo-summed-1"]
    assert trained == [("grpo", reward, seed, 7, "first") for seed in (0, 1) for reward in ("gated", "summed")]
    assert found[1][2] == "2 questions, reward 0.000 to 1.000"
