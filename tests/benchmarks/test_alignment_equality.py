"""Roads on which one adapter is served: which there are, and how far two of them agree."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from adapter_world import card_of, question, save_adapter, save_base
from align_models import model_of, save_gguf
from benchmarks.alignment import shops
from benchmarks.alignment.equality import Said, agreement, agreements, chosen, compare_roads, jaccard, parted, to_json
from benchmarks.alignment.margins import Scale
from benchmarks.alignment.roads import BARE, LLAMA, MERGED, SERVER, TORCH, Server, open_roads
from intentrec.llm import read_card, write_card
from intentrec.llm.torch_weights import load_causal_lm, quiet
from intentrec.pipeline.asking import Asking
from intentrec.pipeline.inputs import load_inputs
from intentrec.progress import SILENT
from shop_world import make_shop, open_shop

TEA, CUPS = '{"interest":"Tea cups","evidence":[1]}', '{"interest":"cups","evidence":[1]}'
SPACED, OTHER_LINES = '{"interest":"tea  cups","evidence":[1]}', '{"interest":"tea cups","evidence":[1,2]}'


def test_two_roads_agree_as_far_as_their_answers_do() -> None:
    one = Said("a", (TEA, TEA, TEA, TEA, None, TEA), ("bad", "bad", "superior", "bad", None, "bad"))
    other = Said("b", (TEA, SPACED, OTHER_LINES, CUPS, None, None), ("bad", "bad", "bad", "bad", None, None))
    found = agreement("interests", one, other)
    assert (found.questions, found.alike, found.both) == (6, 5, 4)
    assert (found.identical, found.normalised, found.choice, found.verdict) == (0.25, 0.5, 0.75, 0.75)
    assert found.parted == ((2, TEA, OTHER_LINES), (3, TEA, CUPS))


def test_tags_agree_by_the_phrases_that_both_chose() -> None:
    one, other = '{"tags":["tea cup","Tea  Tin","cosy"]}', '{"tags":["tea tin","tea cup","trowel"]}'
    assert chosen("tags", one) == {"tea cup", "tea tin", "cosy"}
    assert jaccard(chosen("tags", one), chosen("tags", other)) == 0.5
    assert jaccard(frozenset(), frozenset()) == 1.0
    assert chosen("explanations", '{"text":"For Tea."}') == {"for tea."}


def test_shares_stand_with_wilsons_interval_and_without_answers_there_are_none() -> None:
    same = agreement("interests", Said("a", [TEA] * 10, ["bad"] * 10), Said("b", [TEA] * 10, ["bad"] * 10))
    none = agreement("interests", Said("a", [TEA], ["bad"]), Said("c", [None], [None]))
    rows = agreements([same, none]).splitlines()
    assert rows[2].startswith("| interests | a / b | 10 | 10 | 10 | 1.000 [0.722, 1.000] |")  # 1 / (1 + 1.96^2 / 10)
    assert rows[3] == "| interests | a / c | 1 | 0 | 0 | - | - | - | - | - |"
    assert parted([same, none]) == ""
    assert '"roads": ["a", "b"]' in to_json(same)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base as GGUF, long enough for real questions, and an adapter of it."""
    folder = tmp_path_factory.mktemp("roads")
    save_base(folder / "tiny")
    long = model_of()
    long.config.max_position_embeddings = 4096
    save_adapter(folder / "own", save_gguf(folder / "tiny.gguf", long), "interests", seed=1)
    return folder


def test_roads_are_the_same_adapter_by_different_engines(home: Path) -> None:
    base, own = str(home / "tiny.gguf"), str(home / "own")
    with open_roads("interests", home / "own", Server("http://127.0.0.1:9/v1", "mine")) as roads:
        llms = {road.name: road.llm for road in roads if road.llm is not None}
        assert list(llms) == [TORCH, MERGED, LLAMA, SERVER, BARE]
        assert all((llm.temperature, llm.in_flight) == (0.0, 1) for llm in llms.values())
        assert all(llms[name].adapters["interests"].path == own for name in (TORCH, LLAMA, SERVER))
        assert (llms[TORCH].weights, llms[LLAMA].weights, llms[BARE].weights) == (base, base, base)
        assert (llms[MERGED].adapters, llms[BARE].adapters) == ({}, {})
        assert llms[SERVER].adapters["interests"].model == "mine"
        merged = Path(llms[MERGED].weights)
        assert (merged / "model.safetensors").is_file()
    assert not merged.exists()


def test_only_roads_that_are_wished_are_opened_and_a_merged_model_is_used_where_it_lies(home: Path) -> None:
    (home / "own" / "merged").mkdir()
    with open_roads("interests", home / "own", None, ["torch"]) as roads:
        assert [road.name for road in roads] == [TORCH, MERGED]
        assert roads[1].llm is not None
        assert roads[1].llm.weights == str(home / "own" / "merged")
    (home / "own" / "merged").rmdir()


def test_a_margin_is_the_difference_of_logits_where_two_answers_part(home: Path) -> None:
    tokenizer, model = load_causal_lm(str(home / "tiny.gguf"))
    with quiet():
        model = PeftModel.from_pretrained(model, str(home / "own")).eval()
    asked = question("what?")
    prompt = tokenizer.encode("<s>user: what?</s><s>assistant: ab", add_special_tokens=False)
    with torch.no_grad():
        logits = model(torch.tensor([prompt])).logits[0, -1]
    c, d, end = (*tokenizer.encode("cd", add_special_tokens=False), tokenizer.eos_token_id)
    scale = Scale(home / "own")
    assert scale.margin(asked, "abc", "abd") == pytest.approx(float(logits[c] - logits[d]), abs=1e-4)
    assert scale.margin(asked, "abd", "abc") == pytest.approx(float(logits[d] - logits[c]), abs=1e-4)
    assert scale.margin(asked, "ab", "abc") == pytest.approx(float(logits[end] - logits[c]), abs=1e-4)
    told = replace(agreement("interests", Said("a", [TEA], ["bad"]), Said("b", [CUPS], ["bad"])), margins=(0.1, -0.3))
    assert agreements([told]).endswith("| 0.30 |")


@pytest.mark.slow
def test_engines_answer_alike_with_the_adapter_and_otherwise_without_it(home: Path, tmp_path: Path) -> None:
    workspace, config = open_shop(tmp_path / "shop", make_shop(8), settings={"llm": {"backend": "none"}})
    events = workspace.read("events")
    users = tuple(sorted(events["user_id"].unique())[:2])
    as_of = events["timestamp"].max()
    shop = shops.Shop("small", workspace, config, load_inputs(workspace, as_of), events.head(0), users)
    asking = Asking.prepare(shop.tools(SILENT), shop.inputs, users)
    asked = asking.asked("interests", "tuned")
    version = asked[0].request.prompt_version
    write_card(home / "own", card_of("interests", read_card(home / "own").base, prompt_version=version))
    found = compare_roads(shop, asking, "interests", home / "own", None, (), 3, SILENT)
    by_roads = {one.roads: one for one in found}
    assert list(by_roads) == [(TORCH, MERGED), (TORCH, LLAMA), (MERGED, LLAMA), (LLAMA, BARE)]
    assert {one.questions for one in found} == {min(3, len(asked))}
    same = [by_roads[TORCH, MERGED], by_roads[TORCH, LLAMA], by_roads[MERGED, LLAMA]]
    assert [one.alike for one in same] == [one.questions for one in same]
    assert by_roads[TORCH, MERGED].identical == 1.0
    # Words of a random model are near ties, and adapters have half precision in llama.cpp.
    assert all(abs(margin) < 0.05 for one in same for margin in one.margins)
    assert by_roads[TORCH, LLAMA].identical > 0.5 > by_roads[LLAMA, BARE].identical
