"""Settings of the judge."""

from typing import Literal

from pydantic import Field

from intentrec.judge.words import KNOWN_BRANDS, UNSAFE
from intentrec.settings import Section


class JudgeConfig(Section):
    """Who judges what the stages wrote, by which bounds, and when the judge itself is in doubt."""

    mode: Literal["auto", "rules", "model"] = "auto"
    """Rules alone, or rules and then the language model of `[llm]`; auto asks the model unless it is small."""
    superior_share: float = Field(default=0.5, gt=0, le=1)
    """A good output is superior when at least this share of what it can shine in is excellent; else it is average."""
    least_support: float = Field(default=0.32, ge=-1, le=1)
    """Mean cosine of an interest with the things it rests on, below which nothing shows it."""
    most_ungrounded: float = Field(default=0.8, ge=0, le=1)
    """Largest share of an explanation's telling words that neither the item nor the interest holds."""
    shown_lines: int = Field(default=12, ge=1, le=200)
    """Lines of evidence or history that a model is shown, those that say most."""
    unsafe_words: tuple[str, ...] = UNSAFE
    """Words that no output may hold, in any language."""
    known_brands: tuple[str, ...] = KNOWN_BRANDS
    """Brands that are known without the catalogue's own."""
    planted_share: float = Field(default=0.1, ge=0, le=1)
    """So many outputs with a planted fault for each output that a model is to judge; it must catch them first."""
    least_planted: int = Field(default=12, ge=0, le=10_000)
    """Fewest planted faults of a task that a model is shown."""
    least_caught: float = Field(default=0.7, ge=0, le=1)
    """Share of planted faults that a model must catch; below it the run stops, and nothing is stored."""
    least_told_apart: float = Field(default=0.3, ge=-1, le=1)
    """How much larger that share must be than the share it refuses of the same outputs without the fault: a model that
    refuses everything catches everything."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Of intervals."""
    least_labels: int = Field(default=10, ge=1, le=100_000)
    """Labels of each kind, pass and fail, that a correction of the judge's error needs."""
    recent_labels: int = Field(default=100, ge=1, le=1_000_000)
    """Latest labelled outputs of a criterion that the judge is held against."""
    least_kappa: float = Field(default=0.4, ge=-1, le=1)
    """Cohen's kappa of judge and people below which the judge is stale."""
    least_accuracy: float = Field(default=0.7, ge=0, le=1)
    """Share of the same verdicts below which the judge is stale."""
    round_days: int = Field(default=14, ge=1, le=3650)
    """Labels of so many days form a round of training data."""
    majority_ratio: float = Field(default=1.0, ge=1, le=100)
    """So many examples of the commoner verdict for each of the rarer one in training data."""
