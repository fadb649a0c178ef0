"""Every prompt file, rendered: a change of words shows as a diff of the golden file."""

from pathlib import Path

import pytest

from intentrec.llm.prompts import Prompt

GOLDEN = Path(__file__).parent / "golden"
ASKED = {"month": "June", "interest": "tea » {{ x }}\ntime", "n": 2}
WHOLE = {
    "month": "June",
    "attributes": "country: Chad",
    "interests": [
        {"name": "tea time", "reason": "bought often", "examples": ["porcelain cup", "honey spoon"], "followers": []},
        {"name": "garden work", "reason": "bought once", "examples": [], "followers": ["rose pruner"]},
    ],
    "recent": ["copper kettle"],
}
VALUES = {
    "tuned": ASKED | {"chosen": ["copper kettle"], "phrases": ["porcelain cup", "honey » {% x %}\nspoon"]},
    "each": ASKED | {"chosen": ["copper kettle"], "phrases": ["porcelain cup", "honey spoon"]},
    "choose": {"month": "June", "interest": "tea » {{ x }}\ntime", "phrases": ["porcelain cup", "honey spoon"], "n": 2},
    "write": WHOLE | {"n": 50},
    "plan": WHOLE | {"n": 3},
    "expert": WHOLE | {"n": 25, "persona": "a host » {{ x }}\nwho pours", "numbers": [1]},
    "arbiter": WHOLE | {"n": 50, "pool": ["porcelain cup", "fork » {% x %}\nof ash"]},
}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", sorted(VALUES))
def test_prompt_renders_as_its_golden_file(name, language):
    messages = Prompt.load("intentrec.tags", name, language).render(**VALUES[name])
    rendered = "\n".join(f"=== {message.role}\n{message.content}" for message in messages) + "\n"

    assert rendered == (GOLDEN / f"{name}.{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(VALUES))
def test_the_rules_stand_first_and_never_change(name):
    prompt = Prompt.load("intentrec.tags", name, "en")
    other = VALUES[name] | {"month": "July", "n": 1}

    assert prompt.render(**VALUES[name])[0] == prompt.render(**other)[0]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", ["tuned", "each"])
def test_what_is_not_there_leaves_no_empty_line(name, language):
    (*_, last) = Prompt.load("intentrec.tags", name, language).render(**VALUES[name] | {"chosen": [], "phrases": []})

    assert "«»" not in last.content
    assert "\n\n" not in last.content
