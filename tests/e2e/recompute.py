"""Recompute a version's guarantee from its files, sharing no code with the pipeline: `python recompute.py <folder>`."""

import json
import sys
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow.parquet as pq
import yaml
from scipy.stats import hypergeom


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def majority(rounds: list[list[dict]], labels: list[str]) -> dict[str, str]:
    votes: dict[str, list[str]] = {}
    latest = {(word["record"], word["annotator"]): word for words in rounds for word in words}
    for said in latest.values():
        if said["action"] == "submitted":
            votes.setdefault(said["record"], []).extend(said["result"][0]["value"]["choices"])
    return {record: max(labels, key=given.count) for record, given in votes.items()}


root = Path(sys.argv[1])
params = yaml.safe_load((root / "params.yaml").read_text())
dataset, review, quality = (
    yaml.safe_load((root / f"conf/{group}/{params[group]}.yaml").read_text())
    for group in ("dataset", "review", "quality")
)
interface = ET.parse(root / f"conf/labeling/{dataset['labeling']}.xml")
labels = [str(choice.get("value")) for choice in interface.iter("Choice")]
rounds = [lines(path) for path in sorted((root / "data/annotations").glob("round-*.jsonl"))]
number, promise = review["audit"]["number"], quality["guarantee"]

opened = next(i for i, words in enumerate(rounds) if any(word["queue"] == f"audit:{number}" for word in words))
before, people = majority(rounds[:opened], labels), majority(rounds, labels)
ids = pq.read_table(root / "data/clean/records", columns=["id"])["id"].to_pylist()
population = [each for each in ids if each not in before]
draw = {each: sha256(f"audit|{params['seed']}|{number}|{each}".encode()).hexdigest() for each in population}
sample = set(sorted(population, key=draw.__getitem__)[: review["audit"]["size"]])
auto = {line["record"]: line for line in lines(root / "data/labels/auto.jsonl")}
ranking = sorted(population, key=lambda each: (-auto[each]["confidence"], each))
errors = [i for i, each in enumerate(ranking) if each in sample and auto[each]["value"] != people.get(each)]

budget = int(promise["epsilon"] * len(ids) + 1e-9)
wrong, c = np.arange(len(population) + 1), -1  # c: the largest x with U(x') - x' <= budget for every x' <= x
while c < len(sample):
    likely = hypergeom.cdf(c + 1, len(population), wrong, len(sample)) > promise["alpha"]
    if wrong[likely].max() - (c + 1) > budget:
        break
    c += 1
cut = 0 if c < 0 else errors[c] if c < len(errors) else len(ranking)
admitted = sorted(each for each in ranking[:cut] if each not in people and each not in sample)
found = {"population": len(population), "sample": len(sample), "errors": len(errors), "accepted": len(admitted)}
print(json.dumps(found | {"admitted": admitted}))
