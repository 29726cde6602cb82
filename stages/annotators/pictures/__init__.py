"""Annotators of pictures."""

from stages.annotators.pictures.clip import Clip
from stages.annotators.pictures.detector import Detector
from stages.annotators.pictures.encoders import ImageEncoder, PictureEmbeddings
from stages.annotators.pictures.linear import ImageLinear
from stages.annotators.pictures.pretrained_detector import PretrainedDetector

__all__ = ["Clip", "Detector", "ImageEncoder", "ImageLinear", "PictureEmbeddings", "PretrainedDetector"]
