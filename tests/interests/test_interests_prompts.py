"""Every prompt file, rendered: a change of words shows as a diff of the golden file."""

from pathlib import Path

import pytest

from intentrec.llm.prompts import Prompt

GOLDEN = Path(__file__).parent / "golden"
VALUES = {
    "choose": {"lines": ["lunch bag red", "say » then {% x %}\nnew"], "names": ["lunch bags", "jars"], "clause": True},
    "name": {"lines": ["lunch bag red"], "names": ["lunch bags", "jars"], "clause": False},
    "tuned": {"lines": ["lunch bag red", "say » then {% x %}\nnew"], "names": ["lunch bags", "jars"]},
    "history": {
        "attributes": "country: Chad",
        "lines": ["2024-01-03 (purchase) | copper teapot", "2023 (view) | steel spade"],
        "candidates": ["tea time", "garden work"],
        "max_interests": 10,
    },
}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", sorted(VALUES))
def test_prompt_renders_as_its_golden_file(name, language):
    messages = Prompt.load("intentrec.interests", name, language).render(**VALUES[name])
    rendered = "\n".join(f"=== {message.role}\n{message.content}" for message in messages) + "\n"

    assert rendered == (GOLDEN / f"{name}.{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", ["choose", "tuned"])
def test_what_varies_comes_after_everything_fixed(name, language):
    prompt = Prompt.load("intentrec.interests", name, language)
    first = prompt.render(**VALUES[name])
    other = prompt.render(**(VALUES[name] | {"lines": ["x"], "names": ["y"]}))

    assert first[:-1] == other[:-1]
