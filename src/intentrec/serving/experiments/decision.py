"""What to do: ship, keep running or stop, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from intentrec.serving.experiments.definition import Direction, Experiment, Guardrail
from intentrec.serving.experiments.figures import chance, percent
from intentrec.serving.experiments.looks import Compared, Look
from intentrec.serving.experiments.ratio import ALARM
from intentrec.serving.experiments.sizes import Sizes

Verdict = Literal["ship", "keep running", "stop"]
State = Literal["holds", "breached", "open"]


_UNJUDGED = (
    "{} cannot be judged: it is the same for everybody, or the arms are too unequal in size for values so skewed. "
    "Give the next experiment equal arms, or the metric a cap."
)


@dataclass(frozen=True)
class Decision:
    """A verdict with its reasons, the weightiest first."""

    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Guarded:
    """One guardrail of one arm."""

    guardrail: Guardrail
    compared: Compared

    @property
    def state(self) -> State:
        """Whether the arm is not worse by the margin, or is, or neither is certain yet."""
        last = self.compared.last
        if last is None:
            return "open"
        worst, best = _faced(last.worst, last.best, self.guardrail.direction)
        if worst > -self.guardrail.margin:
            return "holds"
        return "breached" if best < -self.guardrail.margin else "open"

    def words(self) -> str:
        """The state in a sentence."""
        metric, margin = self.guardrail.metric, f"{self.guardrail.margin:.1%}"
        if self.compared.last is None:
            return f"{metric}: too few users yet"
        said = {
            "holds": f"is not worse by more than {margin}",
            "breached": f"is worse by more than {margin}",
            "open": f"may or may not be worse by more than {margin}",
        }
        return f"{metric} of {self.compared.arm} {said[self.state]}"


def _faced(low: float, high: float, direction: Direction) -> tuple[float, float]:
    """An interval turned so that more is better."""
    return (low, high) if direction == "up" else (-high, -low)


def decide(
    experiment: Experiment, sizes: Sizes, primary: Sequence[Compared], guarded: Sequence[Guarded], *, over: bool
) -> Decision:
    """The verdict on an experiment.

    Args:
        experiment: Its definition.
        sizes: Of the arms.
        primary: The primary metric of each arm.
        guarded: Every guardrail of every arm.
        over: Whether nothing new can come any more.
    """
    if sizes.alarm:
        return Decision("stop", (_mismatch(sizes),))
    looks = {each.arm: each.last for each in primary if each.last is not None}
    if not looks:
        few = f"No arm but the control has {experiment.least_users} users yet whose {experiment.window_days:g} days"
        return _unsettled(f"{few} are over, with as many in the control.", over)
    if not any(look.judged for look in looks.values()):
        return _unsettled(_UNJUDGED.format(experiment.primary), over)
    if experiment.aa:
        return _alike(experiment, primary, over)
    return _judged(experiment, looks, guarded, over)


def _judged(experiment: Experiment, looks: dict[str, Look], guarded: Sequence[Guarded], over: bool) -> Decision:
    breached = {each.compared.arm for each in guarded if each.state == "breached"}
    faced = {arm: _faced(look.low, look.high, experiment.direction) for arm, look in looks.items()}
    better = [arm for arm, (low, _) in faced.items() if low > 0]
    worse = {arm for arm, (_, high) in faced.items() if high < 0}
    sound = [arm for arm in better if _holds(arm, guarded)]
    told = tuple(_told(experiment, arm, look) for arm, look in looks.items())
    told += tuple(f"{each.words()}." for each in guarded)
    if sound:
        best = max(sound, key=lambda arm: abs(looks[arm].difference))
        return Decision("ship", (f"{best} is better than {experiment.control}, and no guardrail is in its way.", *told))
    if breached | worse >= set(experiment.treatments):
        return Decision("stop", (f"No arm is worth going on for: {_harms(breached, worse)}.", *told))
    if better:
        return _unsettled("An arm is better, but not every guardrail is known to hold.", over, *told)
    return _unsettled(f"No difference in {experiment.primary} is certain yet.", over, *told)


def _mismatch(sizes: Sizes) -> str:
    seen = ", ".join(f"{arm} {n:,}" for arm, n in sizes.users.items())
    due = ", ".join(f"{arm} {share:.1%}" for arm, share in sizes.shares.items())
    return (
        f"Sample-ratio mismatch (p = {chance(sizes.last_p)} < {ALARM:g}): users are {seen}, but should be {due}. "
        "Trust no difference. Look for an arm that fails, is slower, is cached or redirected, or for a share that was "
        "changed; then start anew with another salt."
    )


def _unsettled(reason: str, over: bool, *told: str) -> Decision:
    if over:
        return Decision("stop", (f"{reason} The experiment is over.", *told))
    return Decision("keep running", (reason, *told))


def _alike(experiment: Experiment, primary: Sequence[Compared], over: bool) -> Decision:
    alpha = experiment.alpha / len(experiment.treatments)
    found = [(each.arm, each.last) for each in primary if each.last is not None and each.last.p <= alpha]
    if found:
        told = tuple(_told(experiment, arm, look) for arm, look in found)
        return Decision("stop", ("Arms that are alike differ: something counts or serves them unequally.", *told))
    return _unsettled("A/A: arms that are alike do not differ, as they should.", over)


def _holds(arm: str, guarded: Sequence[Guarded]) -> bool:
    return all(each.state == "holds" for each in guarded if each.compared.arm == arm)


def _told(experiment: Experiment, arm: str, look: Look) -> str:
    return (
        f"{experiment.primary} of {arm}: {percent(look.relative)} "
        f"[{percent(look.relative_low)}, {percent(look.relative_high)}] against {experiment.control}, "
        f"p = {chance(look.p)}, {look.n_control + look.n_treatment:,} users."
    )


def _harms(breached: set[str], worse: set[str]) -> str:
    said = [f"{arm} breaches a guardrail" for arm in sorted(breached)]
    return "; ".join(said + [f"{arm} is worse" for arm in sorted(worse - breached)])
