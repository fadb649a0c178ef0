"""Experiments on the server: who gets which arm, who was exposed, and what it was worth.

config.py      what `intentrec.toml` says
assignment.py  the arm of a user: hashes, no state
served.py      what the request path asks
exposures.py   the log of who was shown what
outcomes.py    each user's behaviour after the first exposure
sequential.py  intervals and p-values that stay right however often one looks
estimates.py   differences between arms
ratio.py       whether the arms have the sizes they should have
analysis.py    all of it together, at every day's end
"""

from intentrec.extras import lazily

__all__ = ["ExposureLog", "LiveExperiments", "analyse"]

__getattr__ = lazily(__name__, {"ExposureLog": "exposures", "LiveExperiments": "served", "analyse": "analysis"})
