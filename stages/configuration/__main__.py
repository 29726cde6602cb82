"""`python -m stages.configuration`: check what params.yaml chooses, before `dvc repro` begins."""

import sys

from stages import InputError
from stages.configuration.app import check

if __name__ == "__main__":
    try:
        check()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
