"""Trainings of one stage: each is found where an equal one was done, and leaves an adapter with its card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np

from intentrec.alignment import recipes
from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.keys import settings_of
from intentrec.alignment.recipes.recipe import Figure, Place, Trained
from intentrec.alignment.recipes.rewards import Question, Reward
from intentrec.errors import ConfigError, DataError, LLMAnswerError
from intentrec.llm import AdapterBase, AdapterCard, AdapterData, LLMConfig, read_card, write_card
from intentrec.llm.adapters import CARD
from intentrec.llm.weights import find_weights
from intentrec.pipeline.align_data import Data
from intentrec.pipeline.align_judging import Examiner
from intentrec.pipeline.align_measure import pass_rates
from intentrec.pipeline.align_questions import Scene
from intentrec.pipeline.align_shelf import Shelf
from intentrec.pipeline.asking import Asked
from intentrec.pipeline.steps import fingerprint
from intentrec.workspace import Workspace

Method = Literal["sft", "dpo", "grpo"]


@dataclass(frozen=True)
class Learned:
    """An adapter.

    Attributes:
        trained: Whether it was trained now; False where an equal training was found.
        figures: Of its training.
    """

    name: str
    method: str
    folder: Path
    trained: bool
    figures: Mapping[str, float]


@dataclass(frozen=True)
class School:
    """Where models of one stage are trained.

    Attributes:
        base: The model, without adapters.
        examiner: Judges a model in the middle of its training.
        yes: Begin even what will not fit or takes too long by the estimate.
        merged: Write each trained model whole, too.
    """

    workspace: Workspace
    scene: Scene
    base: LLMConfig
    examiner: Examiner
    now: Callable[[], datetime]
    yes: bool = False
    merged: bool = False

    def sft(self, data: Data, start: Learned | None = None, *, judged: bool = True) -> Learned:
        """Learn the samples' answers, from the beginning or on from an adapter.

        Args:
            judged: Whether models are judged in the middle of it, and the best is kept.
        """

        def train(place: Place) -> Trained:
            base, settings, figure = self.base.weights, self._settings, self._figure() if judged else None
            trained: Trained = recipes.train_sft(
                data.samples, base, settings, place, start=start.folder if start else None, figure=figure
            )
            return trained

        return self._learned("sft", data, start, [judged], train)

    def dpo(self, data: Data, start: Learned) -> Learned:
        """Go on from an adapter, with pairs of a better and a worse answer.

        Raises:
            DataError: There are no pairs.
        """
        pairs = [sample for sample in data.samples if sample.rejected]
        if not pairs:
            raise DataError(
                "There are no pairs to learn from: the judge graded all answers that the model gave to a question "
                "alike. Raise alignment.data.own_answers, alignment.own_temperature or alignment.questions."
            )

        def train(place: Place) -> Trained:
            base, settings, figure = self.base.weights, self._settings, self._figure()
            trained: Trained = recipes.train_dpo(pairs, base, settings, place, start=start.folder, figure=figure)
            return trained

        return self._learned("dpo", Data(pairs), start, [], train)

    def grpo(self, data: Data, questions: list[Question], reward: Reward, start: Learned) -> Learned:
        """Go on from an adapter, by rewards of the model's own answers to questions.

        Args:
            data: What the adapter was trained on before.

        Raises:
            DataError: There are no questions.
        """
        if not questions:
            raise DataError("There are no questions to be rewarded for: nobody did anything in the days looked at.")

        def train(place: Place) -> Trained:
            base, settings, figure = self.base.weights, self._settings, self._figure()
            trained: Trained = recipes.train_grpo(
                questions, reward, base, settings, place, start=start.folder, figure=figure
            )
            return trained

        asked = [[one.subject, [m.content for m in one.messages], sorted(one.truth), one.places] for one in questions]
        return self._learned("grpo", data, start, asked, train)

    def _learned(
        self, method: Method, data: Data, start: Learned | None, asked: list[Any], train: Callable[[Place], Trained]
    ) -> Learned:
        name = self._name(method, data, start, asked)
        home = self.workspace.cache / "alignment"
        for folder in (Shelf(self.workspace).folder(self.scene.stage, name), home / self.scene.stage / name):
            if (folder / CARD).is_file():
                return Learned(name, method, folder, trained=False, figures=read_card(folder).figures)
        place = Place(
            home / self.scene.stage / name, home / "checkpoints", self.scene.tools.progress, self.yes, self.merged
        )
        trained = train(place)
        write_card(trained.folder, self._card(name, method, data, start, trained))
        return Learned(name, method, trained.folder, trained=True, figures=trained.figures)

    def _name(self, method: Method, data: Data, start: Learned | None, asked: list[Any]) -> str:
        """The stage, and a hash of all that the training depends on."""
        ingredients = {
            "method": method,
            "settings": settings_of(method, self._settings),
            "base": base_of(self.base).sha256,
            "start": start.name if start else "",
            "samples": [sample.sample_id for sample in data.samples],
            "asked": asked,
            "checked": [[m.content for m in one.request.messages] for one in self._checked()],
            "judge": self.examiner.judge.model_id,
        }
        return f"{self.scene.stage}-{fingerprint(ingredients)[:8]}"

    def _card(self, name: str, method: Method, data: Data, start: Learned | None, trained: Trained) -> AdapterCard:
        ids = "\n".join(sample.sample_id for sample in data.samples)
        as_of = self.scene.inputs.as_of
        return AdapterCard(
            name=name,
            task=self.scene.stage,
            language=self.scene.config.language,
            base=base_of(self.base),
            prompt_version=self.scene.trained_on()[0].request.prompt_version,
            method=method,
            settings=settings_of(method, self._settings),
            data=AdapterData(counts=data.sources(), sha256=sha256(ids.encode()).hexdigest(), as_of=as_of),
            figures=dict(trained.figures),
            parent=start.name if start else "",
            created_at=self.now(),
        )

    @property
    def _settings(self) -> AlignmentConfig:
        return self.scene.config.alignment

    def _checked(self) -> list[Asked]:
        return self.scene.checked()[: self._settings.checked_questions]

    def _figure(self) -> Figure | None:
        """The pass rate on questions of users who are in neither of the two parts."""
        asked = self._checked()
        if not asked:
            return None

        def judged(model: Any, tokenizer: Any) -> float:
            from intentrec.llm.backends.transformers import TransformersBackend

            backend = TransformersBackend.of(model, tokenizer, "in training", self.base)
            texts = [_said(backend, one) for one in asked]
            return float(np.mean(list(pass_rates(asked, texts, self.examiner).values())))

        return judged


def _said(backend: Any, asked: Asked) -> str | None:
    try:
        return str(backend.ask(asked.request).text)
    except LLMAnswerError:
        return None


def base_of(llm: LLMConfig) -> AdapterBase:
    """Which weights an adapter is trained on.

    Raises:
        ConfigError: They cannot be found.
    """
    if llm.backend == "embedded":
        found = find_weights(llm.weights, llm.weights_sha256)
    else:
        from intentrec.llm.torch_weights import find_torch_weights

        found = find_torch_weights(llm.weights, llm.weights_sha256)
    return AdapterBase(model_id=found.model_id, weights=llm.weights, sha256=found.sha256)


def check_settings(config: AlignmentConfig) -> None:
    """Refuse what cannot work before anything is done.

    Raises:
        ConfigError: The settings give no adapter, or a method lacks what it needs.
    """
    if not config.lora_rank:
        raise ConfigError(
            "alignment.lora_rank is 0, which trains all weights and gives a whole model: `intentrec align` publishes "
            "adapters. Set a rank; `intentrec align --merged` writes the whole model as well."
        )
    if config.method == "dpo" and not config.rounds:
        raise ConfigError('alignment.method is "dpo", which takes its pairs from rounds: set alignment.rounds to 1.')
