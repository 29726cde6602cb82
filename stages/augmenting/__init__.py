"""Augmented copies of labelled records, and what changes them."""

from stages.augmenting.chinese import ChinesePunctuation, Homophones, Width
from stages.augmenting.copies import augment, columns
from stages.augmenting.numbers import Jitter, MixUp, NumberOperator
from stages.augmenting.operators import Case, Delete, Operator, Punctuation, Swap, Typo
from stages.augmenting.rewriting import Rewrite, Writer, rewritten, writing
from stages.augmenting.settings import Augmentation
from stages.augmenting.spans import Mention

__all__ = [
    "Augmentation",
    "Case",
    "ChinesePunctuation",
    "Delete",
    "Homophones",
    "Jitter",
    "Mention",
    "MixUp",
    "NumberOperator",
    "Operator",
    "Punctuation",
    "Rewrite",
    "Swap",
    "Typo",
    "Width",
    "Writer",
    "augment",
    "columns",
    "rewritten",
    "writing",
]
