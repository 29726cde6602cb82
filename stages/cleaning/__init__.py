"""Cleaning: operators that change or reject records, and the pipeline that applies them in order."""

from stages.cleaning.base import Operator, Outcome, WholeTableOperator
from stages.cleaning.chinese import Script, Width
from stages.cleaning.drafts import TRAIL, columns
from stages.cleaning.duplicates import ExactDuplicates, NearDuplicates, alike
from stages.cleaning.formats import Dates, MapValues, Numbers, Units
from stages.cleaning.imputing import FillByGroup, FillByNeighbours, FillInTime
from stages.cleaning.keys import KeyDuplicates
from stages.cleaning.limits import Filter, Length
from stages.cleaning.missing import Missing
from stages.cleaning.outliers import Isolated, Outliers
from stages.cleaning.personal import MaskPersonalData
from stages.cleaning.pipeline import Cleaned, Operators, clean
from stages.cleaning.repair import RepairText
from stages.cleaning.webtext import Lines, Prose, Repetition
from stages.cleaning.wording import BlockedWords, Language

__all__ = [
    "TRAIL",
    "BlockedWords",
    "Cleaned",
    "Dates",
    "ExactDuplicates",
    "FillByGroup",
    "FillByNeighbours",
    "FillInTime",
    "Filter",
    "Isolated",
    "KeyDuplicates",
    "Language",
    "Length",
    "Lines",
    "MapValues",
    "MaskPersonalData",
    "Missing",
    "NearDuplicates",
    "Numbers",
    "Operator",
    "Operators",
    "Outcome",
    "Outliers",
    "Prose",
    "RepairText",
    "Repetition",
    "Script",
    "Units",
    "WholeTableOperator",
    "Width",
    "alike",
    "clean",
    "columns",
]
