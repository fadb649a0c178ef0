"""Settings of text embeddings and token counts."""

from typing import Literal

from pydantic import Field

from intentrec.settings import Section


class TextConfig(Section):
    """How texts become vectors, and how their tokens are counted."""

    model: str = Field("minilm", min_length=1, max_length=500)
    """minilm (all-MiniLM-L6-v2 from an installed package, no network), hashing (words and character n-grams, no model
    and no torch), or a sentence-transformers model: a folder or a Hugging Face id."""
    max_tokens: int = Field(64, ge=8, le=512)
    """Longer texts are cut here before they are embedded."""
    batch_size: int = Field(32, ge=1, le=4096)
    """Texts embedded in one go. Part of the cache key: it fixes the shape of the arithmetic and so its last digits."""
    hashing_width: int = Field(256, ge=32, le=4096)
    """Width of the vectors of the hashing model."""
    tokens: Literal["estimate", "bytes"] = "estimate"
    """How tokens are counted: an estimate that stays above common tokenizers on shop texts, or one per UTF-8 byte,
    which no byte-level tokenizer can exceed."""
