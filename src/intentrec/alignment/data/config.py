"""Settings of the training data: what is kept of what was written, of which days, and what is mixed in."""

from pydantic import Field

from intentrec.settings import Section


class AlignmentDataConfig(Section):
    """What language models are trained on."""

    held_out: float = Field(default=0.2, gt=0, lt=1)
    """Share of the users, drawn by a hash of their ids, whom no model is trained on: on them it is measured."""
    seed: int = Field(default=0, ge=0)
    """Of all draws: who is held out, which lessons are taken, in which order samples stand."""
    answers: int = Field(default=2, ge=1, le=20)
    """Most answers to one question that are learned, the best by the judge's grade."""
    own_answers: int = Field(default=4, ge=2, le=64)
    """Answers to each question that a model gives for its own training."""
    window_days: int = Field(default=14, ge=1, le=365)
    """Days of behaviour that tags are learned from."""
    max_user_tags: int = Field(default=80, ge=1, le=10_000)
    """Most tags of one user that are learned from the window."""
    max_category_tags: int = Field(default=2, ge=1, le=1_000)
    """Most of them in one category."""
    min_relevance: float = Field(default=0.3, ge=-1, le=1)
    """Cosine of what a user touched with an interest of the user below which it belongs to none."""
    season_events: int = Field(default=30, ge=1, le=1_000_000)
    """Events that a word must have had before its season is known."""
    season_floor: float = Field(default=0.25, ge=0, le=1)
    """A word is out of season where this month's and the next one's share of its events is below this share of what it
    is for the whole shop."""
    curriculum_limit: int = Field(default=50, ge=0, le=1_000_000)
    """Most lessons of each task of the curriculum, and never more than RecGPT-V1 had of it; 0 leaves it out."""
    general_share: float = Field(default=0.1, ge=0, lt=1)
    """Share of general instructions among all samples, against forgetting; 0 leaves them out."""
    general_file: str = ""
    """Chats of your own, JSONL with `messages`, that are taken as general instructions; "" takes those of the house."""
