"""What graders say: codebooks, audits and their samples, seats, labels, adjudications."""

from labeling.models.audit import Audit, Seat, Skip, Stratum, Unit
from labeling.models.codebook import Codebook, Correctness, FailureMode
from labeling.models.coder import Coder
from labeling.models.judgment import Adjudication, Label, Verdict

__all__ = [
    "Adjudication",
    "Audit",
    "Codebook",
    "Coder",
    "Correctness",
    "FailureMode",
    "Label",
    "Seat",
    "Skip",
    "Stratum",
    "Unit",
    "Verdict",
]
