"""Loading a pretrained model, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from stages import InputError
from stages.annotators import pretrained, training


@contextmanager
def refused(model: str, unfit: str, *others: type[Exception]) -> Iterator[None]:
    """Say in one line that a model is unfit and why, where a library raises what it likes.

    Parameters
    ----------
    model
        As the user named it.
    unfit
        What it cannot do, such as `cannot write texts`.
    others
        What the library raises beside ValueError, KeyError and OSError.

    Raises
    ------
    InputError
        The library raised one of them.
    """
    raised: tuple[type[Exception], ...] = (ValueError, KeyError, OSError, *others)
    try:
        yield
    except raised as error:
        why = " ".join(str(error).split())[:200]
        raise InputError(f"annotator.model: {model!r} {unfit} ({why})") from error


def classifier(
    kind: Literal["Sequence", "Token"], folder: Path, labels: Sequence[str] | None, dtype: str = "float32"
) -> tuple[Any, Any]:
    """Load a checkpoint with the head of a classifier, and its tokenizer.

    Parameters
    ----------
    kind
        Of what it gives the classes.
    folder
        Where it lies.
    labels
        The classes of a head that is to be trained; None: those that the checkpoint has.
    dtype
        The type of its weights.
    """
    transformers = pretrained.library("transformers")
    head: dict[str, Any] = {}
    if labels is not None:
        head = {"id2label": dict(enumerate(labels)), "label2id": {label: n for n, label in enumerate(labels)}}
        head["ignore_mismatched_sizes"] = True  # the head of a checkpoint that knew other labels
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    loader = getattr(transformers, f"AutoModelFor{kind}Classification")
    network = loader.from_pretrained(str(folder), local_files_only=True, dtype=dtype, **head)
    if tokenizer.pad_token is None:  # of decoders
        tokenizer.pad_token = tokenizer.eos_token
    network.config.pad_token_id = tokenizer.pad_token_id
    return network, tokenizer


def entire(loader: Any, folder: Path, dtype: str, spared: str | None = None) -> tuple[Any, list[str]]:
    """Load a network that is used without training, and so must have all its weights.

    Parameters
    ----------
    loader
        One of transformers' auto classes.
    folder
        Where the checkpoint lies.
    dtype
        The type of its weights; in `float64` the processor does not show in the digits that are kept.
    spared
        How the names of weights begin that the model is of use without.

    Returns
    -------
    The network, on its device, and the names of the weights that it lacks.

    Raises
    ------
    ValueError
        A weight is missing, which would be drawn at random.
    """
    network, said = loader.from_pretrained(str(folder), local_files_only=True, dtype=dtype, output_loading_info=True)
    missing = sorted(said["missing_keys"])
    if lacking := [each for each in missing if spared is None or not each.startswith(spared)]:
        raise ValueError(f"its weights lack {', '.join(lacking):.100}")
    return network.to(training.device()).eval(), missing
