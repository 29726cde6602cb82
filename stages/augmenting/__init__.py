"""Augmented copies of labelled records, and what changes them."""

from stages.augmenting.copies import augment, columns
from stages.augmenting.operators import Case, Delete, Operator, Punctuation, Swap, Typo
from stages.augmenting.pictures import Albumentation, PictureOperator
from stages.augmenting.settings import Augmentation

__all__ = [
    "Albumentation",
    "Augmentation",
    "Case",
    "Delete",
    "Operator",
    "PictureOperator",
    "Punctuation",
    "Swap",
    "Typo",
    "augment",
    "columns",
]
