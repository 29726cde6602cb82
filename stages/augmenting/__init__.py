"""Augmented copies of labelled records, and what changes them."""

from stages.augmenting.operators import Case, Delete, Operator, Punctuation, Swap, Typo
from stages.augmenting.settings import Augmentation
from stages.augmenting.text import augment, columns

__all__ = ["Augmentation", "Case", "Delete", "Operator", "Punctuation", "Swap", "Typo", "augment", "columns"]
