"""What graders say: codebooks, audits and their samples, seats, labels, adjudications."""

from labeling.models.audit import Audit, Stratum
from labeling.models.codebook import Codebook, Correctness, FailureMode, ModeExample
from labeling.models.coder import Coder
from labeling.models.desk import DeskKeys, Draft, Effort, Flag, FlagMessage, TrainingAnswer
from labeling.models.judge import Judge, JudgeVerdict
from labeling.models.judgment import Adjudication, Label, Verdict
from labeling.models.seat import Lapse, Seat, Skip
from labeling.models.unit import PLANTED, Gold, Unit

__all__ = [
    "PLANTED",
    "Adjudication",
    "Audit",
    "Codebook",
    "Coder",
    "Correctness",
    "DeskKeys",
    "Draft",
    "Effort",
    "FailureMode",
    "Flag",
    "FlagMessage",
    "Gold",
    "Judge",
    "JudgeVerdict",
    "Label",
    "Lapse",
    "ModeExample",
    "Seat",
    "Skip",
    "Stratum",
    "TrainingAnswer",
    "Unit",
    "Verdict",
]
