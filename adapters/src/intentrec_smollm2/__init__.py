"""Adapters for SmolLM2-135M-Instruct, one folder a writing stage and language; intentrec finds them here by itself."""
