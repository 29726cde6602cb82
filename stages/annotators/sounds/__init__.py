"""Annotators of sounds."""

from stages.annotators.sounds.linear import SoundLinear
from stages.annotators.sounds.transcriber import Transcriber

__all__ = ["SoundLinear", "Transcriber"]
