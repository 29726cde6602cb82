"""Write the table of stages into README.md, from dvc.yaml: `python -m benchmarks.readme`."""

from __future__ import annotations

from pathlib import Path

import yaml

START, END = "<!-- stages:", "<!-- /stages -->"


def table(pipeline: str) -> str:
    """The table of stages, in Markdown, of a dvc.yaml."""
    rows = ["| stage | what it does | writes |", "|---|---|---|"]
    for name, stage in yaml.safe_load(pipeline)["stages"].items():
        outputs = [each for key in ("outs", "metrics", "plots") for each in stage.get(key, [])]
        made = [next(iter(each)) if isinstance(each, dict) else each for each in outputs]
        rows.append(f"| `{name}` | {stage['desc']} | {', '.join(f'`{each}`' for each in made)} |")
    return "\n".join(rows)


def updated(readme: str, pipeline: str) -> str:
    """README.md with its table of stages as dvc.yaml has it."""
    head, _, rest = readme.partition(START)
    marker, _, rest = rest.partition("\n")
    _, _, tail = rest.partition(END)
    return f"{head}{START}{marker}\n{table(pipeline)}\n{END}{tail}"


def main() -> None:
    readme = Path("README.md")
    text = updated(readme.read_text(encoding="utf-8"), Path("dvc.yaml").read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
