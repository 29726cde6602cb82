"""The stages of dvc.yaml, one file each, and the packages that they call."""

import os

# The number of threads changes the last bits of a sum. Numerical libraries read it when they are first imported.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for them takes a tenth of a small stage's time
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # a thread that waits takes no processor from one that works


class InputError(Exception):
    """Something that a person gave is wrong: its text says what, where, what was found, what is allowed, what to do."""
