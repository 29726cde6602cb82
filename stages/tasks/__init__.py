"""What a label is, per task type: parse, show, compare, score, merge."""

from stages.tasks.base import Askable, Proposal, Quoting, Task, Value
from stages.tasks.boxes import Boxes
from stages.tasks.choice import Choice
from stages.tasks.combined import Combined
from stages.tasks.interface import Interface, load, read
from stages.tasks.masks import Masks
from stages.tasks.objects import Objects
from stages.tasks.pairwise import Pairwise
from stages.tasks.polygons import Polygons
from stages.tasks.rating import Rating
from stages.tasks.relations import Relations
from stages.tasks.spans import Spans
from stages.tasks.text import Text, words

__all__ = [
    "Askable",
    "Boxes",
    "Choice",
    "Combined",
    "Interface",
    "Masks",
    "Objects",
    "Pairwise",
    "Polygons",
    "Proposal",
    "Quoting",
    "Rating",
    "Relations",
    "Spans",
    "Task",
    "Text",
    "Value",
    "load",
    "read",
    "words",
]
