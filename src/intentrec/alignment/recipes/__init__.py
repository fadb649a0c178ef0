"""Recipes that turn samples into an adapter: supervised (SFT), by preference (DPO), by reward (GRPO)."""

from intentrec.extras import lazily

__all__ = ["Figure", "Place", "Question", "Trained", "train_dpo", "train_grpo", "train_sft"]

__getattr__ = lazily(
    __name__,
    {
        "Figure": "recipe",
        "Place": "recipe",
        "Question": "rewards",
        "Trained": "recipe",
        "train_dpo": "dpo",
        "train_grpo": "grpo",
        "train_sft": "sft",
    },
    "torch",
    "aligning language models",
)
