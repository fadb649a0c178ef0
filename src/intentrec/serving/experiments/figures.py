"""Numbers as people read them."""

from math import isfinite


def percent(value: float) -> str:
    """A change, with its sign; "unknown" where there is no finite number."""
    return f"{value:+.2%}" if isfinite(value) else "unknown"


def level(value: float) -> str:
    """A mean or ratio, to four significant digits; "unknown" where there is no finite number."""
    return f"{value:,.4g}" if isfinite(value) else "unknown"


def chance(p: float) -> str:
    """A p-value."""
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"
