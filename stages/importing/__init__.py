"""Labels that are there before the first round: read from the folders of other tools."""

from stages.importing.base import Found, Mark, Reader, result
from stages.importing.coco import coco
from stages.importing.folders import folders
from stages.importing.voc import voc
from stages.importing.yolo import yolo

READERS: dict[str, Reader] = {"coco": coco, "folders": folders, "voc": voc, "yolo": yolo}

__all__ = ["READERS", "Found", "Mark", "Reader", "result"]
