"""Labels that are there before the first round: in a field of the records, or in the folders of other tools."""

from stages.importing import fields
from stages.importing.labelled import Labelled

__all__ = ["Labelled", "fields"]
