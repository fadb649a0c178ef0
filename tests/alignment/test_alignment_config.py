import pytest

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.keys import settings_of


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"shortest_words": 6}, "shortest_words 6 is above longest_words 5"),
        ({"micro_tokens": 100}, "micro_tokens 100 cannot hold a sample of max_tokens 512"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        AlignmentConfig(**changes)


def test_a_training_depends_on_the_settings_of_its_method_alone():
    sft, dpo, grpo = (settings_of(method, AlignmentConfig()) for method in ("sft", "dpo", "grpo"))
    assert {"rate", "epochs", "lora_rank"} <= sft.keys()
    assert not {"dpo_beta", "grpo_kl", "reward", "device", "method"} & sft.keys()
    assert {"dpo_beta", "epochs"} <= dpo.keys()
    assert "rate" not in dpo
    assert {"grpo_kl", "reward", "tau_align", "longest_words"} <= grpo.keys()
    assert "epochs" not in grpo
