"""How near a tie was where two answers part: what tells rounding from a fault."""

from pathlib import Path

import torch

from intentrec.llm import Request
from intentrec.llm.adapters import read_card
from intentrec.llm.torch_adapters import Wardrobe
from intentrec.llm.torch_weights import load_causal_lm


class Scale:
    """An adapter in torch, which weighs answers."""

    def __init__(self, folder: Path) -> None:
        """Load it beside its base.

        Raises:
            ConfigError: The folder holds no adapter, or its base cannot be loaded.
        """
        card = read_card(folder)
        self._tokenizer, model = load_causal_lm(card.base.weights)
        self._model = Wardrobe(model, {card.task: (str(folder), 1.0)}).model.eval()

    def margin(self, request: Request, one: str, other: str) -> float:
        """How much likelier the first answer's next token is than the second's where they part, in nats.

        Args:
            request: The question.
            one: An answer to it.
            other: Another one.
        """
        said = [{"role": message.role, "content": message.content} for message in request.messages]
        prompt = self._ids(self._tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True))
        a, b = ([*self._ids(text), self._tokenizer.eos_token_id] for text in (one, other))
        parted = next(n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
        with torch.no_grad():
            logits = self._model(torch.tensor([prompt + a[:parted]])).logits[0, -1].double()
        return float(logits[a[parted]] - logits[b[parted]])

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))
