"""Where records come from: each source gives rows of text; `collect` joins them into one table with stable ids."""

from stages.sources.address import Address
from stages.sources.base import Rows, Source
from stages.sources.collecting import collect
from stages.sources.croissant import Croissant
from stages.sources.files import Files
from stages.sources.hugging_face import HuggingFaceDataset
from stages.sources.mqtt import Mqtt
from stages.sources.package import Package
from stages.sources.places import require_below
from stages.sources.sentences import Sentences
from stages.sources.sql import Sql
from stages.sources.tagged import Tagged
from stages.sources.web import Web
from stages.sources.windows import Windows

__all__ = [
    "Address",
    "Croissant",
    "Files",
    "HuggingFaceDataset",
    "Mqtt",
    "Package",
    "Rows",
    "Sentences",
    "Source",
    "Sql",
    "Tagged",
    "Web",
    "Windows",
    "collect",
    "require_below",
]
