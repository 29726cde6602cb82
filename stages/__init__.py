"""The stages of dvc.yaml, one file each, and the packages that they call."""

import atexit
import gc
import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

if find_spec("hydra") is None:  # a line for people, where a traceback says less
    raise SystemExit("error: this Python lacks what the project needs: make repro once, then source .venv/bin/activate")

# The number of threads changes the last bits of a sum. Numerical libraries read it when they are first imported.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for them takes a tenth of a small stage's time
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # a thread that waits takes no processor from one that works
# To look for garbage after every 700 new objects, and once more at the end, takes a fifth of a small stage's time.
gc.set_threshold(10_000)
atexit.register(gc.freeze)


class InputError(Exception):
    """Something that a person gave is wrong: its text says what, where, what was found, what is allowed, what to do."""


def of_kind(kind: str, package: str) -> Any:
    """Import `stages.<package>.<kind>`: what a package has for one kind of data alone, such as pictures.

    So nothing else depends on it, and a copy of the template that was made for other kinds goes without.

    Raises
    ------
    InputError
        This project was made without it.
    """
    try:
        return import_module(f"stages.{package}.{kind}")
    except ModuleNotFoundError as error:
        if error.name != f"stages.{package}.{kind}":
            raise
        raise InputError(f"this project was made without {kind}: run copier update, and choose them as well") from error
