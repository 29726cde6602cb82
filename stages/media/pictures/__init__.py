"""Pictures, decoded by one library, checked before they cost memory."""

from stages.media.pictures.codec import decode, encode, grey, thumbnail
from stages.media.pictures.looks import BITS, THUMBNAIL, Look, look, plain, print_of, problem

__all__ = ["BITS", "THUMBNAIL", "Look", "decode", "encode", "grey", "look", "plain", "print_of", "problem", "thumbnail"]
