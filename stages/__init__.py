"""The stages of dvc.yaml, one file each, and the packages that they call."""


class InputError(Exception):
    """Something that a person gave is wrong: its text says what, where, what was found, what is allowed, what to do."""
