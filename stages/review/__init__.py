"""What people answer, and what they are asked: rounds, consensus, audits, queues."""

from stages.review import audit
from stages.review.consensus import Consensus, dawid_skene, majority
from stages.review.gold import read_gold
from stages.review.judging import Audited, audited
from stages.review.lines import Line
from stages.review.placing import placed
from stages.review.queue import Queued, next_batch
from stages.review.rounds import Annotation, current
from stages.review.rounds import read as read_rounds
from stages.review.settings import Active, Audit, Gold, Mix, Review
from stages.review.settling import Settled, settle
from stages.review.strategies import uncertainty

__all__ = [
    "Active",
    "Annotation",
    "Audit",
    "Audited",
    "Consensus",
    "Gold",
    "Line",
    "Mix",
    "Queued",
    "Review",
    "Settled",
    "audit",
    "audited",
    "current",
    "dawid_skene",
    "majority",
    "next_batch",
    "placed",
    "read_gold",
    "read_rounds",
    "settle",
    "uncertainty",
]
