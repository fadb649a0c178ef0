"""Answers of a causal model in torch, held to their schemas token by token."""

import inspect
import json
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from intentrec.errors import ConfigError, LLMAnswerError
from intentrec.extras import require
from intentrec.llm.config import LLMConfig
from intentrec.llm.ledger import Answer
from intentrec.llm.messages import Request

_MORE_ROOM = "Raise llm.context_tokens, or lower the token budget of profiles."


@dataclass
class _Talk:
    """One request on its way to an answer."""

    prompt: list[int]
    guide: Any
    room: int
    drawn: torch.Generator
    written: list[int] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return len(self.written) >= self.room or self.guide.is_stopped()


class Speaker:
    """A model that answers requests, as many at once as it is given."""

    def __init__(self, model: Any, tokenizer: Any, config: LLMConfig) -> None:
        """Read the vocabulary (about a second).

        Args:
            model: A causal model of transformers, with peft's adapters or without.
            tokenizer: A fast one, with a chat template.
            config: How to decode, and `context_tokens`.

        Raises:
            MissingExtra: llguidance is not installed.
            ConfigError: The tokenizer has no chat template.
        """
        if not tokenizer.chat_template:
            raise ConfigError(
                "The model's tokenizer has no chat template: it is a base model, which takes no questions. Use its "
                "instruct version."
            )
        self.model = model
        self._tokenizer = tokenizer
        self._config = config
        self._cache: Any = import_module("transformers").DynamicCache
        self._guidance: Any = require("llguidance", "holding answers to their schema")
        self._vocabulary: Any = import_module("llguidance.hf").from_tokenizer(tokenizer)
        self._context = min(config.context_tokens, getattr(model.config, "max_position_embeddings", 1 << 30))

    def answers(self, requests: Sequence[Request]) -> list[Answer | Exception]:
        """One answer for each request, or the `LLMAnswerError` that says why there is none.

        The model is left in the mode, training or not, that it was in.
        """
        begun = [self._begin(request) for request in requests]
        talks = [talk for talk in begun if isinstance(talk, _Talk)]
        if talks:
            with torch.no_grad(), _at_rest(self.model):
                self._write(talks)
        return [self._read(talk, request) for talk, request in zip(begun, requests, strict=True)]

    def _begin(self, request: Request) -> _Talk | LLMAnswerError:
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        prompt = self._tokenizer.encode(text, add_special_tokens=False)
        room = min(request.max_tokens, self._context - len(prompt))
        if room < 1:
            return LLMAnswerError(
                f"The prompt has {len(prompt)} tokens, and the model reads {self._context} (llm.context_tokens).",
                hint=_MORE_ROOM,
            )
        guide = self._guide(request.answer_schema)
        if guide.is_error():
            return LLMAnswerError(f"The schema of the answer cannot be made a grammar: {guide.get_error()}.")
        return _Talk(prompt, guide, room, torch.Generator().manual_seed(self._config.seed))

    def _guide(self, schema: dict[str, Any]) -> Any:
        matcher = self._guidance.LLMatcher
        grammar = matcher.grammar_from_json_schema(json.dumps(schema), overrides={"whitespace_flexible": False})
        return matcher(self._vocabulary, grammar, log_level=0)

    def _write(self, talks: Sequence[_Talk]) -> None:
        """Token by token, all at once; one that is done is padded on."""
        device = self.model.device
        ids, mask = (part.to(device) for part in _padded([talk.prompt for talk in talks]))
        fixed: dict[str, Any] = {"logits_to_keep": 1} if _takes(self.model, "logits_to_keep") else {}
        # transformers 5.24 gave it another name
        fixed["cache" if _takes(self.model, "cache") else "past_key_values"] = self._cache(config=self.model.config)
        while True:
            places = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            out = self.model(input_ids=ids, attention_mask=mask, position_ids=places, use_cache=True, **fixed)
            picked = self._pick(out.logits[:, -1].float(), talks)
            if all(talk.over for talk in talks):
                return
            ids = picked.unsqueeze(1).to(device)
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)

    def _pick(self, logits: Tensor, talks: Sequence[_Talk]) -> Tensor:
        allowed = np.stack([_allowed(talk, logits.shape[1]) for talk in talks])
        logits = logits.masked_fill(~torch.from_numpy(allowed).to(logits.device), -torch.inf)
        picked = self._drawn(logits, talks) if self._config.temperature else logits.argmax(dim=1).cpu()
        for talk, token in zip(talks, picked.tolist(), strict=True):
            if not talk.over:
                talk.guide.consume_token(token)
                talk.written.append(token)
        return picked

    def _drawn(self, logits: Tensor, talks: Sequence[_Talk]) -> Tensor:
        """Tokens of the nucleus; each request draws from a generator of its own, so its neighbours do not matter."""
        chances, order = torch.softmax(logits / self._config.temperature, dim=1).sort(dim=1, descending=True)
        below = chances.cumsum(dim=1) - chances
        chances = chances.where(below < self._config.top_p, 0.0)
        reach = torch.stack([torch.rand(1, generator=talk.drawn) for talk in talks]).to(logits.device)
        sums = chances.cumsum(dim=1)
        return order.gather(1, torch.searchsorted(sums, reach * sums[:, -1:], right=True)).squeeze(1).cpu()

    def _read(self, talk: _Talk | LLMAnswerError, request: Request) -> Answer | Exception:
        if isinstance(talk, LLMAnswerError):
            return talk
        cut = not talk.guide.is_stopped()
        if cut and talk.room < request.max_tokens:
            return LLMAnswerError(
                f"The prompt has {len(talk.prompt)} tokens and leaves no room for an answer of {request.max_tokens} "
                f"tokens: the model reads {self._context} (llm.context_tokens).",
                hint=_MORE_ROOM,
            )
        said = [token for token in talk.written if token not in self._vocabulary.eos_tokens]
        text = self._vocabulary.decode_bytes(said).decode("utf-8", "replace")
        return Answer(text, len(talk.prompt), len(talk.written), cut)


def _allowed(talk: _Talk, n_tokens: int) -> np.ndarray:
    if talk.over:
        return np.ones(n_tokens, dtype=bool)
    bits = np.frombuffer(talk.guide.compute_bitmask(), dtype=np.uint8)
    known = np.unpackbits(bits, bitorder="little")[:n_tokens].astype(bool)
    return np.pad(known, (0, n_tokens - len(known)))  # some models have rows for more tokens than their vocabulary


def _padded(prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids and mask (B, L), aligned at their ends."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    return ids, mask


def _takes(model: Any, name: str) -> bool:
    plain = model.get_base_model() if hasattr(model, "peft_config") else model
    return name in inspect.signature(plain.forward).parameters


@contextmanager
def _at_rest(model: Any) -> Any:
    was = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was)
