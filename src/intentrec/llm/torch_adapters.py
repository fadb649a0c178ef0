"""Adapters of one model in torch, put on by name."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from intentrec.errors import ConfigError
from intentrec.extras import require
from intentrec.llm.torch_weights import quiet
from intentrec.llm.weights import first_line


class Wardrobe:
    """The adapters of a peft model, put on by name."""

    def __init__(self, model: Any, folders: dict[str, tuple[str, float]]) -> None:
        """Load them.

        Args:
            model: The model beneath.
            folders: Folder and scale of each adapter, by name.

        Raises:
            MissingExtra: peft is not installed.
            ConfigError: An adapter does not fit the model.
        """
        self.model = model
        peft: Any = require("peft", "adapters of language models in torch") if folders else None
        for name, (folder, scale) in folders.items():
            try:
                with quiet():
                    if self.model is model:
                        self.model = peft.PeftModel.from_pretrained(model, folder, adapter_name=name)
                    else:
                        self.model.load_adapter(folder, adapter_name=name)
            except (RuntimeError, ValueError, KeyError, OSError) as failed:
                raise ConfigError(f"The adapter {folder} does not fit the model: {first_line(failed)}") from failed
            for part in self.model.modules():
                if hasattr(part, "set_scale"):
                    part.set_scale(name, scale)

    def wearing(self, name: str) -> AbstractContextManager[None]:
        """The model with this adapter on and no other; with none if there is no such adapter."""
        if not hasattr(self.model, "peft_config"):
            return nullcontext()
        if name not in self.model.peft_config:
            bare: AbstractContextManager[None] = self.model.disable_adapter()
            return bare
        self.model.set_adapter(name)
        return nullcontext()
