"""What a label is, per task type: parse, show, compare, score, merge."""

from stages.tasks.base import Proposal, Task, Value
from stages.tasks.choice import Choice
from stages.tasks.interface import Interface, load, read

__all__ = ["Choice", "Interface", "Proposal", "Task", "Value", "load", "read"]
