"""What a label is, per task type: parse, show, compare, score, merge."""

from stages.tasks.base import Askable, Proposal, Quoting, Task, Value
from stages.tasks.boxes import Boxes
from stages.tasks.choice import Choice
from stages.tasks.interface import Interface, load, read
from stages.tasks.masks import Masks
from stages.tasks.objects import Objects
from stages.tasks.polygons import Polygons
from stages.tasks.spans import Spans

__all__ = [
    "Askable",
    "Boxes",
    "Choice",
    "Interface",
    "Masks",
    "Objects",
    "Polygons",
    "Proposal",
    "Quoting",
    "Spans",
    "Task",
    "Value",
    "load",
    "read",
]
