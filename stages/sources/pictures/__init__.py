"""Sources of pictures."""

from stages.sources.pictures.folders import Digits, Images
from stages.sources.pictures.scenes import Scenes
from stages.sources.pictures.tars import TarShards

__all__ = ["Digits", "Images", "Scenes", "TarShards"]
