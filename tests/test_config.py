"""Settings: every key is explained, unknown ones are refused with a hint."""

import tomllib
from pathlib import Path

import pytest

from intentrec.config import Config, load_config, parse_config, template
from intentrec.errors import ConfigError


def test_the_template_is_valid_and_says_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "intentrec.toml"
    file.write_text(template(), "utf-8")
    assert load_config(file) == Config()


def test_every_commented_default_can_be_uncommented() -> None:
    lines = []
    for line in template().splitlines():
        bare = line.removeprefix("# ")
        is_setting = line.startswith("# ") and " = " in bare and bare.split(" = ")[0].isidentifier()
        lines.append(bare if is_setting else line)
    assert parse_config(tomllib.loads("\n".join(lines)), "template") == Config()


def test_settings_stand_in_the_template() -> None:
    text = template({"llm": {"backend": "embedded"}, "run": {"llm_users": 3}, "language": "ru"})
    config = parse_config(tomllib.loads(text), "template")
    assert (config.llm.backend, config.run.llm_users, config.language) == ("embedded", 3, "ru")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[llm]\nbackedn = 'none'", "there is no setting 'llm.backedn'; did you mean 'backend'?"),
        ("[nonsense]\nx = 1", "there is no setting 'nonsense'"),
        (
            "[llm]\nbackend = 'gpt'",
            "setting 'llm.backend' is 'gpt': input should be 'none', 'embedded', 'openai' or 'transformers'",
        ),
        ("[run]\nstored_k = 0", "setting 'run.stored_k' is 0"),
        ("[events.purchase]\nrole = 'buy'", "setting 'events.purchase.role' is 'buy'"),
        ("[llm", "is not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "intentrec.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(file)
    assert message in str(error.value)
    assert str(file) in str(error.value)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "intentrec.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(file)


def test_a_setting_that_no_section_has_cannot_enter_a_template() -> None:
    with pytest.raises(ConfigError, match="no settings"):
        template({"llm": {"colour": "red"}})
