"""The base of every configuration section; `config.py` puts the sections together."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen part of `intentrec.toml`: unknown keys are errors, the docstring under a field is its help text."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
