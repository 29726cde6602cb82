"""A stage as a Hydra app whose settings are checked, with file, key and what is allowed, before any work."""

from stages.configuration.app import chosen, stage
from stages.configuration.dataset import About, Dataset
from stages.configuration.targets import instantiate

__all__ = ["About", "Dataset", "chosen", "instantiate", "stage"]
