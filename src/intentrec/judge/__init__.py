"""How good what was written is, and how far those who judge it agree."""

from intentrec.judge.agreement import Agreement, Rating, agreement, cohen_kappa, krippendorff_alpha

__all__ = ["Agreement", "Rating", "agreement", "cohen_kappa", "krippendorff_alpha"]
