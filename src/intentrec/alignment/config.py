"""The `[alignment]` section of `intentrec.toml`: how language models of the writing stages are trained."""

from typing import Literal, Self

from pydantic import Field, model_validator

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.gate import GateConfig
from intentrec.settings import Section

HOW_HERE = frozenset(
    {
        "device", "gradient_checkpointing", "save_every", "most_hours", "base", "teacher", "teacher_model",
        "teacher_questions", "questions", "held_out_questions", "checked_questions", "rounds", "own_temperature",
        "gate", "data",
    }
)  # fmt: skip
"""Settings that do not change what a training learns from given samples."""


class AlignmentConfig(Section):
    """Fine-tuning of language models for one writing stage: `intentrec align`."""

    method: Literal["sft", "dpo", "grpo"] = "sft"
    """sft: learn good answers; dpo: from pairs of a better and a worse answer; grpo: from rewards of the model's own
    answers. The last two go on from an adapter, by default from that of the first."""
    lora_rank: int = Field(16, ge=0, le=512)
    """Rank of the low-rank adapter; 0 trains all weights, which gives a model and no adapter."""
    lora_alpha: float = Field(2.0, gt=0, le=64)
    """Strength of the adapter, in times of its rank."""
    lora_targets: Literal["all", "attention"] = "all"
    """Layers that the adapter changes: all linear ones of each block, or those of the attention alone."""
    rate: float = Field(8e-4, gt=0, le=1)
    """sft: highest learning rate."""
    full_rate: float = Field(5e-5, gt=0, le=1)
    """sft without an adapter: the same."""
    warmup: float = Field(0.05, ge=0, le=1)
    """Share of the steps over which the learning rate rises; it then falls to zero."""
    weight_decay: float = Field(0.0, ge=0, le=1)
    """AdamW's."""
    epochs: int = Field(3, ge=1, le=1000)
    """sft and dpo: most passes over the samples."""
    batch_tokens: int = Field(2048, ge=64, le=1 << 24)
    """Tokens of one step over all processes, question and answer, with padding: samples of like length go together."""
    micro_tokens: int = Field(1024, ge=64, le=1 << 24)
    """Most tokens that one device works on at once; a larger step is made of several."""
    max_tokens: int = Field(512, ge=16, le=1 << 20)
    """Longest sample, question and answer. Longer ones are left out and counted, never cut."""
    eval_every: int = Field(50, ge=0, le=1_000_000)
    """Steps after which the model is judged in the middle of its training; 0 judges it at the end alone."""
    patience: int = Field(3, ge=0, le=1000)
    """Judgements without gain after which the training stops; 0 never stops early. The best model is kept."""
    save_every: int = Field(25, ge=1, le=1_000_000)
    """Steps between two checkpoints, from which an interrupted training goes on."""
    seed: int = Field(0, ge=0, le=2**31 - 1)
    """Of the adapter's beginning, of the order of samples and of what is sampled."""
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """Where it is trained: auto is a GPU where there is one."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic. auto: bfloat16 on a GPU that has it, float32 on a CPU, where bfloat16 is refused: without hardware
    for it a step takes more than ten times as long."""
    gradient_checkpointing: bool = False
    """Compute activations twice instead of keeping them: less memory, a third more time."""
    most_hours: float = Field(24.0, gt=0, le=10_000)
    """A training that would take longer by the estimate is not begun, unless it is asked for with `--yes`."""

    dpo_beta: float = Field(0.1, gt=0, le=10)
    """dpo: how much is lost by leaving the model that it began from."""
    dpo_rate: float = Field(5e-5, gt=0, le=1)
    """dpo: highest learning rate."""

    grpo_steps: int = Field(50, ge=1, le=1_000_000)
    """grpo: steps."""
    grpo_rate: float = Field(2e-5, gt=0, le=1)
    """grpo: highest learning rate."""
    grpo_questions: int = Field(4, ge=1, le=4096)
    """grpo: questions of one step over all processes."""
    grpo_group: int = Field(4, ge=2, le=256)
    """grpo: answers to each question, which are compared with each other."""
    grpo_kl: float = Field(0.04, ge=0, le=10)
    """grpo: weight of the distance from the model that it began from."""
    grpo_temperature: float = Field(1.0, gt=0, le=4)
    """grpo: of the answers."""
    grpo_tokens: int = Field(96, ge=8, le=8192)
    """grpo: the longest answer."""

    reward: Literal["gated", "summed"] = "gated"
    """grpo: the share of what the user took next that the answer foresaw counts only where the other parts reach their
    thresholds (RecGPT-V2, section 2.3), or all parts are added up."""
    tau_align: float = Field(0.5, ge=0, le=1)
    """Least share of the answer that the judge passes."""
    tau_diversity: float = Field(0.2, ge=0, le=2)
    """Least mean cosine distance between the phrases of an answer."""
    tau_length: float = Field(0.75, ge=0, le=1)
    """Least mean length score: 1 for a phrase of the lengths below, a half for one word or two off, 0 otherwise."""
    shortest_words: int = Field(2, ge=1, le=100)
    """Fewest words of a phrase."""
    longest_words: int = Field(5, ge=1, le=100)
    """Most words of a phrase."""

    base: str = ""
    """The weights to align where `llm.backend` is none or openai: a GGUF file, a folder or a Hugging Face id. Otherwise
    those of `llm.weights` are."""
    teacher: str = ""
    """Who shows how it is done: the address of a server up to and with `/v1`, or weights as in `llm.weights`; "" leaves
    it to the rules and the model itself."""
    teacher_model: str = ""
    """The teacher's name on its server."""
    teacher_questions: int = Field(500, ge=1, le=10_000_000)
    """Most questions that the teacher answers, the first of those that are trained on: a large model is slow or costs
    money, the rules' answers to the others are free."""
    questions: int = Field(500, ge=1, le=10_000_000)
    """Most questions of users that are trained on."""
    held_out_questions: int = Field(200, ge=1, le=10_000_000)
    """Most questions of held-out users that the gate measures on."""
    checked_questions: int = Field(32, ge=0, le=100_000)
    """Most questions that a model is judged on in the middle of its training, of users who are in neither of the two; 0
    judges none, and the last model is kept."""
    rounds: int = Field(1, ge=0, le=20)
    """Rounds of self-training after the first training: the model answers, the judge picks, and it is trained anew on
    both. dpo takes its pairs from them and needs at least one; grpo needs none."""
    own_temperature: float = Field(0.8, gt=0, le=2)
    """Temperature of the model's own answers."""
    gate: GateConfig = GateConfig()
    """When an adapter is published."""

    data: AlignmentDataConfig = AlignmentDataConfig()
    """What is learned."""

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.shortest_words > self.longest_words:
            raise ValueError(f"shortest_words {self.shortest_words} is above longest_words {self.longest_words}")
        if self.micro_tokens < self.max_tokens:
            raise ValueError(f"micro_tokens {self.micro_tokens} cannot hold a sample of max_tokens {self.max_tokens}")
        return self
