"""Tiny language models that learn in seconds: a random Llama of width 32 that reads bytes, as a folder and as GGUF."""

import json
from datetime import UTC, datetime

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.gguf import paired
from intentrec.alignment.recipes import Place
from intentrec.alignment.samples import Sample
from intentrec.llm import Message
from intentrec.llm.torch_weights import quiet

SPECIAL = ["<s>", "</s>"]
CHAT = (
    "{% for message in messages %}<s>{{ message['role'] }}: {{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% endif %}"
)
WORDS = ("red", "green", "blue", "grey")
THINGS = {"red": "apples", "green": "limes", "blue": "plums", "grey": "stones"}


def vocabulary():
    letters = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()), "th"]
    return {token: number for number, token in enumerate(letters)}


def tokenizer_of(chat=CHAT):
    tokens = Tokenizer(models.BPE(vocabulary(), [("t", "h")]))
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=tokens, bos_token="<s>", eos_token="</s>")
    made.chat_template = chat
    return made


def model_of(seed=0, kind=LlamaForCausalLM, config=LlamaConfig):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(
            config(
                vocab_size=len(vocabulary()),
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=512,
                tie_word_embeddings=False,
                bos_token_id=0,
                eos_token_id=1,
                initializer_range=0.15,
            )
        )


def save_tiny(folder, seed=0):
    with quiet():
        model_of(seed).save_pretrained(folder)
        tokenizer_of().save_pretrained(folder)
    return folder


def sample(question, answer, rejected=""):
    messages = (Message(role="system", content="Say."), Message(role="user", content=question))
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return Sample("tags", "rules", "none", messages, answer, when, "v1", rejected)


def answer(*tags):
    return json.dumps({"tags": list(tags)}, separators=(",", ":"))


def lessons(pairs=False):
    """Each colour has its thing; the rejected one is that of the next colour."""
    wrong = [*WORDS[1:], WORDS[0]]
    return [
        sample(colour, answer(THINGS[colour]), answer(THINGS[other]) if pairs else "")
        for colour, other in zip(WORDS, wrong, strict=True)
    ]


def tiny(**changes):
    plain = {
        "lora_rank": 8, "rate": 2e-2, "full_rate": 1e-2, "epochs": 2, "batch_tokens": 120, "micro_tokens": 160,
        "max_tokens": 128, "eval_every": 0, "save_every": 1, "device": "cpu", "dpo_rate": 5e-3, "grpo_steps": 2,
        "grpo_tokens": 8, "grpo_questions": 2, "grpo_group": 2,
    }  # fmt: skip
    return AlignmentConfig(**plain | changes)


def place(folder, **more):
    return Place(folder / "out", folder / "cache", **more)


def weights(trained):
    return load_file(trained.folder / "adapter_model.safetensors")


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def save_gguf(file, model, chat=CHAT):
    """The model as llama.cpp reads it, with its tokenizer and chat template."""
    import gguf

    config = model.config
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(list(vocabulary()))
    writer.add_token_types([3 if token in SPECIAL else 1 for token in vocabulary()])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(False)
    writer.add_chat_template(chat)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        values = tensor.detach().float().numpy()
        if "q_proj" in name or "k_proj" in name:
            values = paired(values, config.num_attention_heads if "q_proj" in name else config.num_key_value_heads)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file
