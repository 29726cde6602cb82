"""Sources of pictures."""

from stages.sources.folders import Folder
from stages.sources.pictures.digits import Digits
from stages.sources.pictures.scenes import Scenes
from stages.sources.tars import TarShards

__all__ = ["Digits", "Images", "Scenes", "TarShards"]


class Images(Folder):
    """One record per picture of a folder, with the columns `image`, `name` and `folder`."""

    column = "image"
