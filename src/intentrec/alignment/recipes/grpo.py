"""Group relative policy optimisation (arXiv 2402.03300) as RecGPT-V2 uses it (arXiv 2512.14503, section 2.3).

The model answers each question several times, and each answer is compared with its group: A = R - mean(R).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.estimate import Estimate, Work, check, estimate
from intentrec.alignment.recipes.keys import training_key
from intentrec.alignment.recipes.opening import PURPOSE, Opened, check_adapter, open_for_training
from intentrec.alignment.recipes.planning import processes
from intentrec.alignment.recipes.recipe import Figure, Place, Trained
from intentrec.alignment.recipes.result import finished
from intentrec.alignment.recipes.rewards import Question, Reward
from intentrec.alignment.recipes.tokens import question_tokens
from intentrec.errors import ConfigError, DataError
from intentrec.extras import require

_TOLD = ("loss", "reward", "reward_std", "kl", "completions/mean_length", "completions/clipped_ratio")


def train_grpo(
    questions: Sequence[Question], reward: Reward, base: str, config: AlignmentConfig, place: Place, *,
    start: Path | None = None, figure: Figure | None = None, reward_name: str = "tags",
) -> Trained:  # fmt: skip
    """Teach a model to give answers that are rewarded.

    Args:
        questions: Asked again and again, `config.grpo_questions` a step.
        reward: Rewards answers; it is asked once a step, on every process for its own answers.
        base: As in `train_sft`, like all that follows.
        config: `[alignment]`; an adapter is trained in any case.
        place: Where results and checkpoints go.
        start: Adapter to go on from; it is what the model is held to (`config.grpo_kl`).
        figure: Judges the model in between.
        reward_name: What the reward is, for the key: trainings by another reward are others.

    Raises:
        DataError: There is no question, or all are too long.
        ConfigError: As `train_sft` does; `lora_rank` is 0; or the answers of a step cannot be shared evenly.
        WorkspaceError: A checkpoint could not be written.
        MissingExtra: A package is missing.
    """
    trl: Any = require("trl", PURPOSE)
    check_adapter("grpo", config)
    key = training_key("grpo", config, base, start, [reward_name, *map(_told, questions)])
    done = finished(place, key)
    if done is not None:
        return done
    from intentrec.alignment.recipes.grpo_trainer import RewardTrainer
    from intentrec.alignment.recipes.running import Running

    opened = open_for_training(base, config, start)
    asked = _Asked.of(questions, opened.tokenizer, config)
    check(_estimated(opened, asked, config), config.most_hours, yes=place.yes)
    figures = {"samples": float(len(asked.questions)), "left_out": float(len(questions) - len(asked.questions))}
    running = Running("grpo", key, base, opened, config, place, figure, config.grpo_steps, 0, figures, _TOLD)

    def made(watch: Any) -> Any:
        settings = trl.GRPOConfig(
            **running.arguments(config.grpo_rate) | {"per_device_train_batch_size": asked.at_once},
            gradient_accumulation_steps=asked.parts, num_generations=config.grpo_group, beta=config.grpo_kl,
            max_completion_length=config.grpo_tokens, temperature=config.grpo_temperature, scale_rewards="none",
            loss_type="grpo",
        )  # fmt: skip
        return RewardTrainer(asked.questions, reward, watch.count, **running.parts(settings, watch))

    return running.run(made)


def estimate_grpo(
    questions: Sequence[Question], base: str, config: AlignmentConfig, start: Path | None = None
) -> Estimate:
    """What `train_grpo` would take, without the rewards; it loads the model, and raises what `train_grpo` does."""
    opened = open_for_training(base, config, start)
    return _estimated(opened, _Asked.of(questions, opened.tokenizer, config), config)


@dataclass(frozen=True)
class _Asked:
    """Questions that fit, and how the answers of a step are shared out.

    Attributes:
        longest: Tokens of a question and its longest answer.
        at_once: Answers that one process learns from at once.
        parts: How often it does so in a step.
    """

    questions: list[Question]
    longest: int
    at_once: int
    parts: int

    @classmethod
    def of(cls, questions: Sequence[Question], tokenizer: Any, config: AlignmentConfig) -> "_Asked":
        lengths = [len(question_tokens(question.messages, tokenizer)) + config.grpo_tokens for question in questions]
        kept = [question for question, tokens in zip(questions, lengths, strict=True) if tokens <= config.max_tokens]
        if not kept:
            raise DataError(
                f"There is no question of at most {config.max_tokens - config.grpo_tokens} tokens among "
                f"{len(questions)} (alignment.max_tokens less grpo_tokens)."
            )
        longest = max(tokens for tokens in lengths if tokens <= config.max_tokens)
        answers = min(config.grpo_questions, len(kept)) * config.grpo_group
        if answers % processes():
            raise ConfigError(
                f"A step has {answers} answers, which {processes()} processes cannot share: set "
                "alignment.grpo_group or grpo_questions to a multiple."
            )
        own = answers // processes()
        at_once = max(n for n in range(1, own + 1) if own % n == 0 and (n == 1 or n * longest <= config.micro_tokens))
        return cls(kept, longest, at_once, own // at_once)


def _estimated(opened: Opened, asked: _Asked, config: AlignmentConfig) -> Estimate:
    tokens = config.grpo_steps * asked.at_once * asked.parts * asked.longest
    at_once = asked.at_once * asked.longest
    # Each answer is written, read again as the model was before, and learned from.
    return estimate(opened, Work(tokens, tokens, (at_once, at_once), 2.0 * tokens), config)


def _told(question: Question) -> object:
    return [[[message.role, message.content] for message in question.messages], sorted(question.truth), question.places]
