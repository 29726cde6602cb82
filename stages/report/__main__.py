"""`python -m stages.report`: print the summary of the present version; with `--gates`, exit 1 unless it passes them."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from stages import InputError
from stages.report.summary import gates, summary


def main() -> None:
    parser = ArgumentParser(prog="python -m stages.report", description="Tell what the last dvc repro made.")
    parser.add_argument("--gates", action="store_true", help="tell the gates alone, and exit 1 unless all are passed")
    try:
        if parser.parse_args().gates:
            passed, told = gates(Path("reports"))
            print(told)
            sys.exit(not passed)
        print(summary(Path("reports")))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
