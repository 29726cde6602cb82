"""Sources of sounds."""

from stages.sources.folders import Folder
from stages.sources.tars import TarShards

__all__ = ["Sounds", "TarShards"]


class Sounds(Folder):
    """One record per sound of a folder, with the columns `audio`, `name` and `folder`."""

    column = "audio"
