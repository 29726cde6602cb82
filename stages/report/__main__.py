"""`python -m stages.report`: print the summary of the present version."""

import sys
from pathlib import Path

from stages import InputError
from stages.report.summary import summary


def main() -> None:
    try:
        print(summary(Path("reports")))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
