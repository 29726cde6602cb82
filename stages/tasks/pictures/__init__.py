"""What is marked in a picture: boxes, polygons, masks."""

from stages.tasks.pictures.boxes import Boxes
from stages.tasks.pictures.masks import Masks
from stages.tasks.pictures.objects import Objects
from stages.tasks.pictures.polygons import Polygons

__all__ = ["Boxes", "Masks", "Objects", "Polygons"]
