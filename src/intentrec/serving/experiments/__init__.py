"""Experiments on the server: who gets which arm, who was exposed, and what it was worth.

definition, config      what `intentrec.toml` says
assignment              the arm of a user: hashes, no state
served, exposures       what the request path asks, and the log of who was shown what
acts, outcomes          each user's behaviour before and after the first exposure; metrics names them
sequential, estimates   intervals that stay right however often one looks, differences between arms
ratio, sizes            whether the arms have the sizes they should have
looks, decision         an arm over time, and what to do
analysis                all of it together; phase, record, figures, view, charts, page say it to programs and people
reports, router         the same on the server
"""

from intentrec.extras import lazily

__all__ = ["ExposureLog", "LiveExperiments", "analyse", "routes"]

__getattr__ = lazily(
    __name__, {"ExposureLog": "exposures", "LiveExperiments": "served", "analyse": "analysis", "routes": "router"}
)
