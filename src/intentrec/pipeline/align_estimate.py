"""What `intentrec align` would ask and how long it would train, before anything is spent."""

from dataclasses import asdict, dataclass
from typing import Any

from intentrec.alignment.data.pre_alignment import pre_alignment
from intentrec.config import Config
from intentrec.llm import Estimate, open_estimator
from intentrec.pipeline.align_data import Data, behaviour_of
from intentrec.pipeline.align_questions import Scene, must_be_asked, set_scene
from intentrec.pipeline.align_training import base_of, check_settings
from intentrec.pipeline.align_writers import base_llm, teacher_llm
from intentrec.pipeline.aligning import AlignOptions
from intentrec.progress import Progress
from intentrec.workspace import Workspace

_NOTHING = Estimate(calls=0, hits=0, prompt_tokens=0, completion_tokens=0, usd=0.0)


@dataclass(frozen=True)
class AlignEstimate:
    """Questions, calls to a teacher and the first training of a run.

    Attributes:
        samples: Answers of rules and behaviour, those that the judge will refuse among them.
        training: Memory and time of the first training on them, in words.
    """

    model: str
    questions: dict[str, int]
    samples: int
    teacher: str
    asked: Estimate
    training: str
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def estimate_align(workspace: Workspace, config: Config, options: AlignOptions, progress: Progress) -> AlignEstimate:
    """Ask nothing and train nothing: count, and load the model to see how fast it is here.

    Raises:
        IntentrecError: See `align_workspace`.
    """
    from intentrec.alignment.recipes.sft import estimate_sft

    check_settings(config.alignment)
    base = base_llm(config)
    scene = set_scene(workspace, config, options.task, options.as_of, progress)
    must_be_asked(scene)
    data = _unjudged(scene)
    training = estimate_sft(data.samples, base.weights, config.alignment) if data.samples else "nothing to train on"
    return AlignEstimate(
        model=base_of(base).model_id,
        questions={
            "to train on": len(scene.trained_on()), "in the middle of a training": len(scene.checked()),
            "held out": len(scene.held_out()),
        },
        samples=len(data.samples),
        teacher=config.alignment.teacher or "none",
        asked=_asked(workspace, scene),
        training=str(training),
        notes=_notes(config),
    )  # fmt: skip


def _unjudged(scene: Scene) -> Data:
    data = scene.config.alignment.data
    made = pre_alignment(scene.trained_on(), [], None, scene.inputs.as_of, data)
    found = Data([]).and_also(made.samples, made.counts)
    if scene.stage == "tags":
        behaviour = behaviour_of(scene)
        found = found.and_also(behaviour.samples, behaviour.counts)
    return found.without([*scene.held_out(), *scene.checked()])


def _asked(workspace: Workspace, scene: Scene) -> Estimate:
    if not scene.config.alignment.teacher:
        return _NOTHING
    model = open_estimator(teacher_llm(scene.config, scene.config.alignment.teacher), workspace.ledger)
    assert model is not None
    try:
        asked = scene.trained_on("writing")[: scene.config.alignment.teacher_questions]
        model.complete([one.request for one in asked], asked[0].answer_type)
        return model.estimate()
    finally:
        model.close()


def _notes(config: Config) -> list[str]:
    settings = config.alignment
    notes = ["A judge that asks a model costs calls on top: one for each answer and criterion that no rule decides."]
    if settings.method == "sft" and settings.rounds:
        notes.append(f"Each of {settings.rounds} round(s) of self-training trains anew, on more samples.")
    if settings.method != "sft":
        notes.append(f"{settings.method} comes on top of this first training.")
    return notes
