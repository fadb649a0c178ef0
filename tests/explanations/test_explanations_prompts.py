"""The prompt file, rendered: a change of words shows as a diff of the golden file."""

from pathlib import Path

import pytest

from intentrec.llm.prompts import Prompt

GOLDEN = Path(__file__).parent / "golden"
VALUES = {
    "explain": {"month": "June", "interest": "tea time", "name": "cup » {{ x }}\nof tin", "category": "tea things"}
}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_prompt_renders_as_its_golden_file(language):
    messages = Prompt.load("intentrec.explanations", "explain", language).render(**VALUES["explain"])
    rendered = "\n".join(f"=== {message.role}\n{message.content}" for message in messages) + "\n"

    assert rendered == (GOLDEN / f"explain.{language}.txt").read_text(encoding="utf-8")
