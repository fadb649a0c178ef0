"""Trainings that are held against each other begin at the same adapter."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from benchmarks.alignment import trainings
from benchmarks.alignment.trainings import Classroom, behaviour, rewards, rounds
from intentrec.alignment.samples import Sample
from intentrec.config import Config
from intentrec.llm import Message
from intentrec.pipeline.align_data import Data, store
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


def sample(text, source):
    """A sample about nobody."""
    about = datetime(2020, 1, 1, tzinfo=UTC)
    return Sample("tags", source, "none", (Message(role="user", content=text),), text, about, "")


def test_what_users_did_is_left_out_here_and_in_chats_of_other_shops(monkeypatch, workspace):
    elsewhere = [sample("theirs, done", "behaviour"), sample("theirs, told", "rules")]
    store(workspace, elsewhere)
    chats = [replace(one, source="general") for one in elsewhere]
    own = [sample("ours, told", "teacher"), sample("ours, done", "behaviour")]
    monkeypatch.setattr(Classroom, "_whole", lambda self, data: Data([*data.samples, *chats]))
    learnt = []

    def sft(data):
        learnt.append([one.answer for one in data.samples])
        return learned("adapter")

    monkeypatch.setattr(Classroom, "school", lambda self: SimpleNamespace(sft=sft))
    found = list(behaviour(Classroom(workspace, None, None, Data(own)), [workspace]))
    assert [name for name, *_ in found] == ["first", "without-behaviour"]
    assert learnt == [
        ["ours, told", "ours, done", "theirs, done", "theirs, told"],
        ["ours, told", "theirs, told"],
    ]
