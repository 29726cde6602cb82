"""Train a network so that the same labels give the same weights, also after an interruption."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, tables
from stages.annotators import pretrained
from stages.annotators.base import above_zero
from stages.engine import progress

if TYPE_CHECKING:
    import numpy as np
    import torch

THREADS = 2  # of the CPU: another number changes the last bits of a sum, so it is no matter of the machine
SHORTEST = 100  # steps; a few labels need more epochs (Mosbach et al., On the Stability of Fine-tuning BERT, ICLR 2021)
SORTED = 8  # batches among which texts are sorted by length
SAVED = 60  # seconds between two checkpoints, of which each holds the weights three times
KEPT = 12  # files; two runs of five folds and a whole
HELD_OUT = 8  # one in so many labels tells when to stop
ENOUGH = 80  # labels; with fewer, so few would be held out that they tell nothing
WARM_UP, DECAY, LONGEST_STEP = 0.1, 0.01, 1.0  # share of the steps; weight decay; norm of the gradient


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Parameters
    ----------
    epochs
        At most; a small set is trained longer, for 100 steps.
    batch
        Records per step.
    rate
        The highest learning rate: it rises over the first tenth of the steps, and then falls to zero.
    patience
        Epochs without a better loss on held-out labels after which training ends.
    """

    epochs: int
    batch: int
    rate: float
    patience: int

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "rate", "patience"):
            above_zero(name, getattr(self, name))


@dataclass(frozen=True)
class Course:
    """How training went: its epochs, the one whose weights were kept, and the loss on held-out labels then, or None."""

    epochs: int
    best: int
    loss: float | None


def train(
    model: torch.nn.Module,
    lengths: Sequence[int],
    loss: Callable[[Sequence[int]], torch.Tensor],
    held_out: Callable[[], float] | None,
    schedule: Schedule,
    key: str,
) -> Course:
    """Train a model in place; leave it with the weights that did best on held-out labels, else with the last.

    Parameters
    ----------
    model
        What of it requires a gradient is trained.
    lengths
        Of the texts that are learned from; those of about one length share a batch, since a batch is as slow as its
        longest.
    loss
        Of the records with these numbers.
    held_out
        The loss on held-out labels; None: train to the end.
    schedule
        How long and how fast.
    key
        Names all that decides the outcome: settings, weights, texts, labels, seed. A run that was killed goes on from
        its last checkpoint, and one that had ended is not repeated. Checkpoints lie in the user's cache.
    """
    import torch

    weights = [each for each in model.parameters() if each.requires_grad]
    steps = math.ceil(len(lengths) / schedule.batch)
    epochs = max(schedule.epochs, math.ceil(SHORTEST / steps))
    optimizer = torch.optim.AdamW(weights, lr=schedule.rate, weight_decay=DECAY, fused=True)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate((step + 1) / (steps * epochs + 1)))
    place = _place(f"{key} {schedule} {THREADS} {torch.__version__} {next(model.parameters()).device.type}")
    state: dict[str, Any] = {"step": 0, "best": 0, "loss": None, "kept": None}
    if place.is_file():
        state = torch.load(place, map_location="cpu", weights_only=True)
        if "weights" in state:
            _put(weights, state["weights"])
            optimizer.load_state_dict(state["optimizer"])
            rates.load_state_dict(state["rates"])
    every = range(state["step"], 0 if "ended" in state else steps * epochs)
    saved = time.monotonic()
    for step in progress(every, "annotate: training", len(every)):
        epoch, turn = divmod(step, steps)
        batch = _batches(lengths, schedule.batch, f"{key} epoch {epoch}")[turn]
        _step(model, loss, batch, optimizer, f"{key} {step}")
        rates.step()
        state["step"] = step + 1
        if turn == steps - 1 and held_out:
            model.eval()
            with torch.no_grad():
                found = held_out()
            if state["loss"] is None or found < state["loss"]:
                state |= {"best": epoch + 1, "loss": found, "kept": _copies(weights)}
            elif epoch + 1 - state["best"] >= schedule.patience:
                break
        if time.monotonic() - saved >= SAVED:
            now = {"weights": _copies(weights), "optimizer": optimizer.state_dict(), "rates": rates.state_dict()}
            _save(state | now, place)
            saved = time.monotonic()
    if "ended" not in state:
        ended = state["step"] // steps
        kept = {"kept": _copies(weights), "best": ended} if state["kept"] is None else {}
        state = {name: state[name] for name in ("step", "best", "loss", "kept")} | kept | {"ended": ended}
        _save(state, place)
    _put(weights, state["kept"])
    model.eval()
    return Course(state["ended"], state["best"], state["loss"])


def named(settings: Any, weights: str, *given: Any) -> str:
    """Name all that decides the outcome: a model's settings, but for where its weights lie, and what these are.

    Parameters
    ----------
    settings
        A dataclass with the fields `model` and `revision`.
    weights
        The fingerprint of the weights that training begins with.
    given
        The seed, the texts and their labels, as plain JSON.
    """
    told = [repr(replace(settings, model="", revision=None)), weights, *given]
    return sha256(json.dumps(told).encode()).hexdigest()


def parted(codes: np.ndarray, key: str) -> tuple[list[int], list[int]]:
    """Deal the rows of each kind into those learned from and those held out to say when to stop.

    Parameters
    ----------
    codes
        What kind each row is of, shape (rows, labels), 0 and 1.
    key
        The only source of randomness.

    Returns
    -------
    The numbers of both; with few rows none is held out.
    """
    groups: dict[tuple[int, ...], list[str]] = {}
    for row, code in enumerate(codes.tolist()):
        groups.setdefault(tuple(code), []).append(f"{sha256(f'{key} {row}'.encode()).hexdigest()} {row}")
    dealt = [int(each.split()[1]) for code in sorted(groups) for each in sorted(groups[code])]
    held = dealt[HELD_OUT - 1 :: HELD_OUT] if len(dealt) >= ENOUGH else []
    return sorted(set(dealt) - set(held)), held


@contextmanager
def fixed_threads() -> Iterator[None]:
    """Compute with the same number of threads on every machine."""
    torch = pretrained.library("torch")

    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what CUDA needs to repeat itself
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(before)


def device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def mixed() -> bool:
    """Say whether there is a GPU that computes in 16 bits without a loss of range."""
    import torch

    return device() == "cuda" and torch.cuda.is_bf16_supported()


@contextmanager
def mixed_precision() -> Iterator[None]:
    import torch

    with torch.autocast(device(), dtype=torch.bfloat16, enabled=mixed()):
        yield


@contextmanager
def predicting(network: torch.nn.Module) -> Iterator[None]:
    """Compute outputs so that, on the CPU, the other records of a batch do not show: in double precision."""
    import torch

    with fixed_threads(), mixed_precision(), torch.no_grad():
        if device() == "cpu":
            network.double()
        yield
        if device() == "cpu":
            network.float()


def _step(model: Any, loss: Any, batch: Sequence[int], optimizer: Any, seed: str) -> None:
    import torch

    model.train()
    torch.manual_seed(_number(seed))  # drop-out of this step, whatever came before
    with mixed_precision():
        found = loss(batch)
    found.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), LONGEST_STEP)
    optimizer.step()
    optimizer.zero_grad()


def _batches(lengths: Sequence[int], size: int, seed: str) -> list[list[int]]:
    """Shuffle the rows, sort stretches of them by length, cut these into batches, and shuffle the batches."""
    from random import Random

    draw = Random(_number(seed))  # noqa: S311  no secret
    rows = draw.sample(range(len(lengths)), len(lengths))
    starts = range(0, len(rows), SORTED * size)
    rows = [
        row for start in starts for row in sorted(rows[start : start + SORTED * size], key=lambda row: lengths[row])
    ]
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    return draw.sample(batches, len(batches))


def _rate(share: float) -> float:
    """Give the learning rate's factor at a share of the steps."""
    return min(share / WARM_UP, (1 - share) / (1 - WARM_UP))


def _number(text: str) -> int:
    return int(sha256(text.encode()).hexdigest()[:15], 16)


def _copies(weights: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return [each.detach().cpu().clone() for each in weights]


def _put(weights: Sequence[torch.Tensor], values: Sequence[torch.Tensor]) -> None:
    for weight, value in zip(weights, values, strict=True):
        weight.data.copy_(value)


def _place(key: str) -> Path:
    folder = tables.cache() / "training"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); set LABELMILL_CACHE") from error
    oldest = sorted(folder.glob("*.pt"), key=lambda path: path.stat().st_mtime)
    for path in oldest[:-KEPT]:
        path.unlink(missing_ok=True)
    return folder / f"{sha256(key.encode()).hexdigest()}.pt"


def _save(state: dict[str, Any], place: Path) -> None:
    import torch

    with tables.whole(place) as (draft,):
        torch.save(state, draft)
