"""How good the labels are: metrics with intervals, agreement, the guarantee, suspicious labels, gates."""

from stages.quality.accepted import Head, admit_share, heads
from stages.quality.admission import Audited, admission
from stages.quality.agreement import agreement
from stages.quality.calibration import calibration, reliability
from stages.quality.confusion import confusion
from stages.quality.drift import counted, paired_change, relabelled, spread, text_drift
from stages.quality.forecast import Effort, forecast
from stages.quality.gates import judge
from stages.quality.guarantee import Admission, admit, rank, share, tolerated
from stages.quality.hypergeometric import between, spent, undetected
from stages.quality.intervals import bootstrap, wilson
from stages.quality.issues import cases, doubted, label_issues, precision, suspicious
from stages.quality.noise import suspicion
from stages.quality.people import people
from stages.quality.ranking import compared, ranking
from stages.quality.settings import Gate, Guarantee, Quality
from stages.quality.statement import statement, write_plots

__all__ = [
    "Admission",
    "Audited",
    "Effort",
    "Gate",
    "Guarantee",
    "Head",
    "Quality",
    "admission",
    "admit",
    "admit_share",
    "agreement",
    "between",
    "bootstrap",
    "calibration",
    "cases",
    "compared",
    "confusion",
    "counted",
    "doubted",
    "forecast",
    "heads",
    "judge",
    "label_issues",
    "paired_change",
    "people",
    "precision",
    "rank",
    "ranking",
    "relabelled",
    "reliability",
    "share",
    "spent",
    "spread",
    "statement",
    "suspicion",
    "suspicious",
    "text_drift",
    "tolerated",
    "undetected",
    "wilson",
    "write_plots",
]
