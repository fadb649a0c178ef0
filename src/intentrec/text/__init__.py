"""Texts as vectors, token counts, key phrases and groups; no language model takes part."""
