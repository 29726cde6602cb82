"""Augmented copies of pictures: what is marked in them moves along."""

from stages.augmenting.pictures.transforms import Albumentation, PictureOperator, Pictures

__all__ = ["Albumentation", "PictureOperator", "Pictures"]
