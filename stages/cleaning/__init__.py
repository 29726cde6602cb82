"""Cleaning: operators that change or reject records, and the pipeline that applies them in order."""

from stages.cleaning.base import Operator, Outcome, WholeTableOperator
from stages.cleaning.duplicates import ExactDuplicates, NearDuplicates, alike
from stages.cleaning.formats import Dates, MapValues, Numbers, Units
from stages.cleaning.limits import Filter, Length
from stages.cleaning.missing import Missing
from stages.cleaning.numeric import Outliers
from stages.cleaning.personal import MaskPersonalData
from stages.cleaning.pictures import Brightness, Contrast, DuplicatePictures, Sharpness, Size
from stages.cleaning.pipeline import Cleaned, Operators, clean, columns
from stages.cleaning.repair import RepairText

__all__ = [
    "Brightness",
    "Cleaned",
    "Contrast",
    "Dates",
    "DuplicatePictures",
    "ExactDuplicates",
    "Filter",
    "Length",
    "MapValues",
    "MaskPersonalData",
    "Missing",
    "NearDuplicates",
    "Numbers",
    "Operator",
    "Operators",
    "Outcome",
    "Outliers",
    "RepairText",
    "Sharpness",
    "Size",
    "Units",
    "WholeTableOperator",
    "alike",
    "clean",
    "columns",
]
