"""How good the labels are: metrics with intervals, agreement, the guarantee, suspicious labels, gates."""

from stages.quality.admission import Audited, admission
from stages.quality.agreement import agreement
from stages.quality.calibration import calibration, reliability
from stages.quality.confusion import confusion
from stages.quality.gates import judge
from stages.quality.guarantee import Admission, admit, rank, tolerated, undetected
from stages.quality.intervals import bootstrap
from stages.quality.issues import suspicious
from stages.quality.settings import Gate, Guarantee, Quality
from stages.quality.statement import statement, write_plots

__all__ = [
    "Admission",
    "Audited",
    "Gate",
    "Guarantee",
    "Quality",
    "admission",
    "admit",
    "agreement",
    "bootstrap",
    "calibration",
    "confusion",
    "judge",
    "rank",
    "reliability",
    "statement",
    "suspicious",
    "tolerated",
    "undetected",
    "write_plots",
]
