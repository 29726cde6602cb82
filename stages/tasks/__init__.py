"""What a label is, per task type: parse, show, compare, score, merge."""

from stages.tasks.base import Askable, Doubt, DoubtKind, Locating, Outlined, Proposal, Quoting, Task, Textual, Value
from stages.tasks.choice import Choice
from stages.tasks.combined import Combined
from stages.tasks.interface import Interface, load, read
from stages.tasks.pairwise import Pairwise
from stages.tasks.rating import Rating
from stages.tasks.relations import Relations
from stages.tasks.spans import Spans
from stages.tasks.text import Text, words

__all__ = [
    "Askable",
    "Choice",
    "Combined",
    "Doubt",
    "DoubtKind",
    "Interface",
    "Locating",
    "Outlined",
    "Pairwise",
    "Proposal",
    "Quoting",
    "Rating",
    "Relations",
    "Spans",
    "Task",
    "Text",
    "Textual",
    "Value",
    "load",
    "read",
    "words",
]
