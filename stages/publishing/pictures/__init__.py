"""Forms for what is marked in pictures."""

from stages.publishing.pictures.coco import Coco
from stages.publishing.pictures.voc import Voc
from stages.publishing.pictures.yolo import Yolo

__all__ = ["Coco", "Voc", "Yolo"]
