"""Every prompt file, rendered: a change of words shows as a diff of the golden file."""

from pathlib import Path

import pytest

from intentrec.llm.prompts import Prompt

GOLDEN = Path(__file__).parent / "golden"
PAIR = {"month": "June", "interest": "tea time", "name": "cup » {{ x }}\nof tin"}
VALUES = {
    "tuned": PAIR | {"category": "tea things"},
    "explain": PAIR | {"category": "tea things"},
    "choose": PAIR | {"sentences": ["The cup » {{ x }}\nof tin may suit you", "One more «find»"]},
}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", sorted(VALUES))
def test_prompt_renders_as_its_golden_file(name, language):
    messages = Prompt.load("intentrec.explanations", name, language).render(**VALUES[name])
    rendered = "\n".join(f"=== {message.role}\n{message.content}" for message in messages) + "\n"

    assert rendered == (GOLDEN / f"{name}.{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", sorted(VALUES))
def test_only_the_last_message_varies(name, language):
    prompt = Prompt.load("intentrec.explanations", name, language)
    other = VALUES[name] | {"month": "July", "interest": "garden work"}

    assert prompt.render(**VALUES[name])[:-1] == prompt.render(**other)[:-1]
