"""The arm of a user: a function of the experiment's definition and the user's id, with no state.

Any language can compute it: docs/experiments.md has the recipe and test vectors.
"""

import math
from hashlib import sha256

from intentrec.serving.experiments.definition import Experiment

_BITS = 53
"""Of the hash that are used: so many fit into a double without rounding."""


def uniform(prefix: str, user_id: str) -> float:
    """A number in [0, 1) drawn by SHA-256 of `prefix/user_id`: its first 53 bits, as a fraction."""
    # Ids from broken clients may hold lone surrogates, which have no UTF-8.
    digest = sha256(f"{prefix}/{user_id}".encode("utf-8", "surrogatepass")).digest()
    return float((int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / 2**_BITS)


class Assignment:
    """One experiment's gate and arms."""

    def __init__(self, experiment: Experiment) -> None:
        layer = f"layer/{experiment.layer}" if experiment.layer else experiment.salt
        self._gate = f"{layer}/traffic"
        self._from, self._to = experiment.traffic_from, experiment.traffic_from + experiment.traffic
        self._arms = [(name, f"{experiment.salt}/arm/{name}", arm.share) for name, arm in experiment.arms.items()]

    def takes_part(self, user_id: str) -> bool:
        """Whether the traffic gate lets the user in. More traffic lets more users in, and none out."""
        return self._from <= uniform(self._gate, user_id) < self._to

    def arm(self, user_id: str) -> str | None:
        """The user's arm; None for one who takes no part."""
        return self.drawn(user_id) if self.takes_part(user_id) else None

    def drawn(self, user_id: str) -> str:
        """The arm that the user would have behind the gate.

        Each arm runs a race of its own, at a speed that is its share, and the first wins (weighted rendezvous: the
        least of exponential draws). A share that grows takes users only to its arm, and one that shrinks gives
        them away in the proportions of the others: nobody moves between two arms whose shares keep their ratio.
        """
        return min(self._arms, key=lambda arm: -math.log1p(-uniform(arm[1], user_id)) / arm[2])[0]
