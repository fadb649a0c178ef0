import pytest

from align_models import lessons, place, same, tiny, weights
from intentrec.alignment.recipes import Question, train_grpo
from intentrec.alignment.recipes.grpo import estimate_grpo
from intentrec.errors import ConfigError, DataError

QUESTIONS = [Question(lesson.messages, frozenset({"x"}), lesson.messages[-1].content) for lesson in lessons()]


def letters(questions, answers):
    """Rewards the letter a."""
    assert all(isinstance(question, Question) for question in questions)
    return [answer.count("a") / max(1, len(answer)) for answer in answers]


def test_what_is_rewarded_becomes_likelier(base, tmp_path):
    config = tiny(grpo_steps=40, grpo_rate=2e-2, grpo_kl=0.0, grpo_questions=4, grpo_group=8, save_every=99)
    made = train_grpo(QUESTIONS, letters, base, config, place(tmp_path))
    assert made.figures["reward"] > 0.15  # one letter of 259 at first
    assert made.figures["steps"] == 40
    assert (made.folder / "adapter.gguf").exists()


def test_a_training_that_stopped_goes_on_where_it_was(base, tmp_path):
    def stop(model, tokenizer):
        raise KeyboardInterrupt

    config = tiny(grpo_steps=3, grpo_group=4, eval_every=2, grpo_kl=0.1, save_every=1)
    once = train_grpo(QUESTIONS, letters, base, config, place(tmp_path / "once"))
    with pytest.raises(KeyboardInterrupt):
        train_grpo(QUESTIONS, letters, base, config, place(tmp_path), figure=stop)
    again = train_grpo(QUESTIONS, letters, base, config, place(tmp_path))
    assert same(weights(again), weights(once))
    assert again.figures["kl"] == pytest.approx(once.figures["kl"])


def test_the_answers_of_a_step_are_learned_from_in_parts(base, tmp_path):
    config = tiny(grpo_steps=1, grpo_group=4, grpo_questions=9, micro_tokens=128)
    made = train_grpo(QUESTIONS, letters, base, config, place(tmp_path))
    assert made.figures["samples"] == 4
    assert train_grpo(QUESTIONS, letters, base, config, place(tmp_path)) == made


def test_what_cannot_be_asked_is_refused(base, tmp_path, monkeypatch):
    with pytest.raises(DataError, match="no question of at most 12 tokens among 4"):
        train_grpo(QUESTIONS, letters, base, tiny(grpo_tokens=116), place(tmp_path))
    with pytest.raises(ConfigError, match="grpo trains adapters only"):
        train_grpo(QUESTIONS, letters, base, tiny(lora_rank=0), place(tmp_path))
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(ConfigError, match="4 answers, which 3 processes cannot share"):
        estimate_grpo(QUESTIONS, base, tiny())


def test_longer_answers_take_longer(base):
    short, long = (estimate_grpo(QUESTIONS, base, tiny(grpo_tokens=tokens)) for tokens in (8, 60))
    assert long.memory > short.memory
