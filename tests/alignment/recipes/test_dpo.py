import pytest
import torch

from align_models import lessons, place, same, tiny, weights
from intentrec.alignment.recipes import train_dpo, train_sft
from intentrec.alignment.recipes.batches import collated
from intentrec.alignment.recipes.dpo import estimate_dpo
from intentrec.alignment.recipes.sft import estimate_sft
from intentrec.alignment.recipes.tokens import read_samples
from intentrec.errors import ConfigError, DataError
from intentrec.llm.torch_weights import load_causal_lm, quiet

PAIRS = lessons(pairs=True)


def margins(base, adapter):
    """How much likelier each answer is than the rejected one, in logarithms."""
    from peft import PeftModel

    tokenizer, model = load_causal_lm(base)
    with quiet():
        model = PeftModel.from_pretrained(model, str(adapter)).eval()
    said = []
    for row in read_samples(PAIRS, tokenizer, 500).rows:
        for answer in (row.answer, row.rejected):
            batch = collated([type(row)(row.question, answer, [])], 0)
            with torch.no_grad():
                told = torch.log_softmax(model(batch["input_ids"]).logits[0, :-1], dim=-1)
            wanted = batch["labels"][0, 1:]
            said.append(float(told[wanted >= 0].gather(1, wanted[wanted >= 0, None]).sum()))
    return [better - worse for better, worse in zip(said[::2], said[1::2], strict=True)]


def test_the_better_answer_becomes_likelier(base, tmp_path):
    begun = train_sft(lessons(), base, tiny(), place(tmp_path / "sft"))
    made = train_dpo(PAIRS, base, tiny(epochs=6, save_every=99), place(tmp_path), start=begun.folder)
    before, after = margins(base, begun.folder), margins(base, made.folder)
    assert sum(after) > sum(before) + 4
    assert made.figures["rewards_accuracies"] == 1
    assert made.figures["rewards_margins"] > 0
    assert made.method == "dpo"
    assert train_dpo(PAIRS, base, tiny(epochs=6, save_every=99), place(tmp_path), start=begun.folder) == made


def test_nothing_is_lost_where_the_model_began(base, tmp_path):
    made = train_dpo(PAIRS, base, tiny(epochs=1, dpo_rate=1e-9), place(tmp_path))
    assert made.figures["loss"] == pytest.approx(0.693, abs=1e-3)  # log 2: as likely as before


def test_a_training_that_stopped_comes_to_the_same_weights(base, tmp_path):
    def stop(model, tokenizer):
        raise KeyboardInterrupt

    config = tiny(save_every=1, eval_every=2, epochs=2)
    once = train_dpo(PAIRS, base, config, place(tmp_path / "once"))
    with pytest.raises(KeyboardInterrupt):
        train_dpo(PAIRS, base, config, place(tmp_path), figure=stop)
    assert same(weights(train_dpo(PAIRS, base, config, place(tmp_path))), weights(once))


def test_what_is_no_pair_is_refused(base, tmp_path):
    with pytest.raises(DataError, match="4 of 8 samples have no rejected answer"):
        train_dpo([*PAIRS, *lessons()], base, tiny(), place(tmp_path))
    with pytest.raises(ConfigError, match="dpo trains adapters only"):
        train_dpo(PAIRS, base, tiny(lora_rank=0), place(tmp_path))


def test_pairs_take_longer_than_their_better_halves(base):
    assert estimate_dpo(PAIRS, base, tiny()).memory > estimate_sft(lessons(), base, tiny()).memory
