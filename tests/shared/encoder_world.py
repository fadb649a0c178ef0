"""Two tiny language models, and a shop whose users keep to one of two themes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, LlamaConfig, LlamaModel, PreTrainedTokenizerFast

from intentrec.encoder.backbone import open_backbone
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.data import EncoderData
from intentrec.encoder.encoder import Encoder
from intentrec.encoder.fitting import fit
from intentrec.encoder.prompts import ItemTexts, Prompts
from intentrec.encoder.validation import Validation
from intentrec.llm.torch_weights import quiet
from intentrec.progress import SILENT
from intentrec.tables import EVENTS, IMPRESSIONS, ITEMS

START = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = {"purchase": 1.0}
THEMES = (("apple", "pear", "plum", "fig"), ("bolt", "nail", "saw", "drill"))
COLOURS = ("red", "blue", "green", "grey")
WORDS = (
    *THEMES[0], *THEMES[1], *COLOURS, "lamp", "candle", "lamps", "candles", "goods", "very", "low", "medium", "high",
    "city", "oslo", "rome", "age", "acme", "a", "b",
)  # fmt: skip
SPECIAL = ("[UNK]", "[PAD]", "[CLS]", "[SEP]")
CONTEXT = 128
N_USERS, N_ITEMS, N_EVENTS, DAYS = 24, 16, 7, 28

PARALLEL = {
    "cached": {"epochs": 2, "validation_days": 5.0, "cached": True},
    "adapters": {"epochs": 2, "validation_days": 5.0, "lora_rank": 2, "pooling": "last"},
}
"""What is trained in one process and in two."""


def day(number):
    return START + timedelta(days=number)


def events(*lines, kind="purchase"):
    """One event a line: user, item, day."""
    split = [line.split() for line in lines]
    return EVENTS.rows(
        {"row": row, "user_id": user, "item_id": item, "timestamp": day(float(when)), "event": kind}
        for row, (user, item, when) in enumerate(split)
    )


def impressions(*lines):
    """One impression a line: user, item, day, and "clicked" where the user reacted."""
    split = [line.split() for line in lines]
    return IMPRESSIONS.rows(
        {"user_id": user, "item_id": item, "timestamp": day(float(when)), "clicked": bool(more)}
        for user, item, when, *more in split
    )


def items(*rows, **titles):
    """Rows of `ITEMS` from dicts, or from ids and titles."""
    return ITEMS.rows([*rows, *({"item_id": name, "title": title} for name, title in titles.items())])


def data_of(log, shelf, config, *, passed=None, until=10):
    return EncoderData.build(log, shelf, passed, as_of=day(until), kinds=KINDS, config=config)


def prompts_of(data, vocabulary):
    return Prompts(vocabulary, data.config, ItemTexts.of(data.frame, vocabulary, data.config))


def tiny(folder, **changes):
    """Settings that open the model in a folder and train it in a second."""
    settings = {
        "model": str(folder), "item_tokens": 24, "history_tokens": 6, "user_tokens": 48, "item_fields": ("title",),
        "numbers": "none", "batch": 12, "micro_batch": 16, "rate": 3e-3, "token_rate": 3e-3, "epochs": 3,
        "repeats": False, "validation_days": 0.0, "recall_at": 3, "widths": (1.0, 0.5),
    }  # fmt: skip
    return EncoderConfig.model_validate(settings | changes)


def shelf():
    """Item n has theme n % 2; its colour says nothing."""
    return items(
        *(
            {
                "item_id": f"i{n:02}",
                "title": f"{COLOURS[n // 4 % 4]} {THEMES[n % 2][n // 2 % 4]}",
                "category": "goods",
                "price": 1.0 + n,
            }
            for n in range(N_ITEMS)
        )
    )


def purchases():
    """User n takes items of theme n % 2, each once, one every few days."""
    rng = np.random.default_rng(0)
    lines = []
    for user in range(N_USERS):
        for number, place in enumerate(rng.permutation(N_ITEMS // 2)[:N_EVENTS]):
            lines.append(f"u{user:02} i{2 * place + user % 2:02} {number * DAYS / N_EVENTS + user / 100}")
    return events(*lines)


def trained(config, log=None, **options):
    log = purchases() if log is None else log
    options = {"as_of": day(DAYS), "kinds": KINDS, "config": config} | options
    return fit(log, options.pop("items", shelf()), **options)


def untrained(config, seed=0):
    opened = open_backbone(config, seed)
    opened.backbone.eval()
    return Encoder(config, day(DAYS), KINDS, opened)


def foreseen(encoder, held_days=5.0):
    """Recall of the last event of each user."""
    config = encoder.config.model_copy(update={"validation_days": held_days})
    data = data_of(purchases(), shelf(), config, until=DAYS)
    prompts = prompts_of(data, encoder.opened.vocabulary)
    nothing = prompts.attributes(None, data.users.names)
    options = {"seed": 0, "device": "cpu", "dtype": torch.float32, "progress": SILENT}
    return Validation.of(data, prompts, nothing, **options).recall(encoder.opened)


def save_bert(folder: Path, dropout: float = 0.1) -> None:
    """Reads both ways; [CLS] and [SEP] around every text; letters where it lacks a word."""
    signs = [*"abcdefghijklmnopqrstuvwxyz0123456789", *"[]<>|.+-_"]
    known = dict.fromkeys([*SPECIAL, *WORDS, *signs, *(f"##{sign}" for sign in signs)])
    tokens = Tokenizer(models.WordPiece({token: n for n, token in enumerate(known)}, unk_token="[UNK]"))
    tokens.normalizer = normalizers.BertNormalizer()
    tokens.pre_tokenizer, tokens.decoder = pre_tokenizers.BertPreTokenizer(), decoders.WordPiece(cleanup=False)
    tokens.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    config = BertConfig(
        vocab_size=len(known), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=CONTEXT, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
    )  # fmt: skip
    _save(folder, PreTrainedTokenizerFast(tokenizer_object=tokens, **names), BertModel, config)


def save_llama(folder: Path) -> None:
    """Reads from left to right; nothing around a text and no padding token; words alone, special ones among them."""
    known = {token: n for n, token in enumerate([*SPECIAL, *WORDS])}
    tokens = Tokenizer(models.WordLevel(known, unk_token="[UNK]"))
    tokens.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    names = {"unk_token": "[UNK]", "bos_token": "[CLS]", "eos_token": "[SEP]"}
    config = LlamaConfig(
        vocab_size=len(known), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        intermediate_size=32, max_position_embeddings=CONTEXT,
    )  # fmt: skip
    _save(folder, PreTrainedTokenizerFast(tokenizer_object=tokens, **names), LlamaModel, config)


def _save(folder, tokenizer, kind, config):
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(0)
        tokenizer.save_pretrained(folder)
        kind(config).save_pretrained(folder)
