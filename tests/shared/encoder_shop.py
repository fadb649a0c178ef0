"""The small shop with an encoder that trains in a second: settings, and a model for them to name."""

from pathlib import Path

from shop_world import Settings

QUICK_TOWERS: Settings = {"epoch_examples": 200, "max_steps": 3}


def with_encoder(model: Path, *use: str, **changes: object) -> Settings:
    """Settings of `open_shop` with the tiny model in a folder; it learns from none of the days that towers hold out."""
    encoder = {
        "use": list(use), "model": str(model), "item_tokens": 32, "history_tokens": 10, "user_tokens": 48,
        "numbers": "none", "batch": 12, "micro_batch": 16, "max_pairs": 48, "rate": 3e-3, "token_rate": 3e-3,
        "validation_days": 14.0, "validation_users": 12, "recall_at": 10, "widths": [1.0, 0.5],
    }  # fmt: skip
    return {"encoder": encoder | changes, "towers": dict(QUICK_TOWERS)}
