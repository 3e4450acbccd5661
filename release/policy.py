"""The thresholds a release is judged by. The defaults hold until a team states its own."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Shares are fractions of negative feedback; the floor is for the lower bound of alpha."""

    version: str
    low: float
    high: float
    alpha_floor: float


DEFAULT_POLICY = Policy(version="default-1", low=0.15, high=0.25, alpha_floor=0.667)
"""Methods, section 7: at or below low is known, at or above high is too high."""
