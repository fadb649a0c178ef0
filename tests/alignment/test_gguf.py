import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from align_models import lessons, model_of, place, save_gguf, save_tiny, tiny
from intentrec.alignment.gguf import can_write, merge, paired, write_adapter, write_base
from intentrec.alignment.recipes import train_sft
from intentrec.errors import ConfigError
from intentrec.llm.torch_weights import load_causal_lm, quiet

PROMPT = [2, 40, 77, 5, 130, 60, 9]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    """A trained adapter of a tiny model, and the folder of the model."""
    folder = tmp_path_factory.mktemp("adapter")
    base = save_tiny(folder / "base")
    return train_sft(lessons(), str(base), tiny(epochs=10, save_every=1000), place(folder)).folder, base


def in_torch(model):
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([PROMPT])).logits[0, -1], dim=-1).numpy()


def in_llama_cpp(weights, lora, scale):
    """Logarithms of the chances of all tokens after the prompt."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel, params.warmup = str(weights), 256, 1, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity = -1
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(lora), scale)]
    asked = {"prompt": PROMPT, "max_tokens": 1, "logprobs": 300, "temperature": 0}
    reply = xllamacpp.Server(params).handle_completions(asked)
    found = reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    return {each["id"]: each["logprob"] for each in found}


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_llama_cpp_says_with_the_adapter_what_merged_weights_say_in_torch(adapter, tmp_path, scale):
    folder, base = adapter
    merge(str(base), folder, tmp_path / "merged")
    _, model = load_causal_lm(str(tmp_path / "merged" if scale else base))
    wanted = in_torch(model)
    said = in_llama_cpp(save_gguf(tmp_path / "base.gguf", model_of()), folder / "adapter.gguf", scale)
    assert len(said) > 200
    np.testing.assert_allclose([said[token] for token in said], [wanted[token] for token in said], atol=2e-2)
    assert np.abs(in_torch(model_of()) - wanted).max() > (0.5 if scale else -1)


def test_the_base_of_a_gguf_file_is_written_with_the_numbers_that_the_file_stands_for(tmp_path):
    folder = write_base(str(save_gguf(tmp_path / "base.gguf", model_of())), tmp_path / "written")
    tokenizer, model = load_causal_lm(str(folder))
    np.testing.assert_allclose(in_torch(model), in_torch(model_of()), atol=1e-5)
    assert tokenizer.chat_template


def test_rows_of_a_head_are_turned_into_pairs():
    rows = np.arange(16.0).reshape(8, 2)
    heads = paired(rows, 2)[:, 0] / 2
    assert heads.tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_qwen2_keeps_its_rows(tmp_path):
    import gguf
    from peft import LoraConfig, get_peft_model
    from transformers import Qwen2Config, Qwen2ForCausalLM

    with quiet():
        model = get_peft_model(model_of(0, Qwen2ForCausalLM, Qwen2Config), LoraConfig(target_modules=["q_proj"]))
        for weight in model.parameters():
            torch.nn.init.normal_(weight)
        model.save_pretrained(tmp_path)
    write_adapter(tmp_path, model.config)
    tensors = {tensor.name: tensor.data for tensor in gguf.GGUFReader(tmp_path / "adapter.gguf").tensors}
    kept = load_file(tmp_path / "adapter_model.safetensors")
    key = "base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight"
    np.testing.assert_allclose(tensors["blk.1.attn_q.weight.lora_b"], kept[key].numpy(), rtol=1e-3)
    assert len(tensors) == 4


def test_what_llama_cpp_cannot_read_is_refused(adapter, tmp_path):
    folder, _ = adapter
    config = model_of().config
    settings = json.loads((folder / "adapter_config.json").read_text())
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "adapter_config.json").write_text(json.dumps(settings | {"use_dora": True}))
    with pytest.raises(ConfigError, match=r"is no plain LoRA \(use_dora\)"):
        write_adapter(tmp_path, config)
    (tmp_path / "adapter_config.json").write_text(json.dumps(settings))
    save_file({"base_model.model.model.odd.lora_A.weight": torch.zeros(2, 2)}, tmp_path / "adapter_model.safetensors")
    with pytest.raises(ConfigError, match=r"knows no weight 'model.odd'"):
        write_adapter(tmp_path, config)
    config.model_type = "mamba"
    assert not can_write(config)
    with pytest.raises(ConfigError, match="'mamba' models cannot be written"):
        write_adapter(tmp_path, config)
