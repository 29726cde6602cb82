"""Recompute a version's guarantee from its files, sharing no code with the pipeline: `python recompute.py [folder]`."""

import json
import sys
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import yaml
from scipy.stats import hypergeom


def guarantee(root: Path) -> dict[str, object]:
    params = yaml.safe_load((root / "params.yaml").read_text())
    conf = {
        group: yaml.safe_load((root / f"conf/{group}/{params[group]}.yaml").read_text())
        for group in params
        if group != "seed"
    }
    audit, promise = conf["review"]["audit"], conf["quality"]["guarantee"]
    interface = ElementTree.parse(root / f"conf/labeling/{conf['dataset']['labeling']}.xml")
    labels = [choice.get("value") for choice in interface.iter("Choice")]

    rounds = [  # people's words in order, each round's number with them
        (number, json.loads(line))
        for number, path in enumerate(sorted((root / "data/annotations").glob("round-*.jsonl")), 1)
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    queue = f"audit:{audit['number']}"
    opened = min(number for number, said in rounds if said["queue"] == queue)

    def majority(words: list[dict]) -> dict[str, str | None]:
        latest = {(said["record"], said["annotator"]): said for said in words}  # the latest word of each person
        votes: dict[str, list[str]] = {}
        for (record, _), said in latest.items():
            if said["action"] != "deleted":
                votes.setdefault(record, []).extend(
                    each for item in said["result"] for each in item["value"]["choices"]
                )
        return {record: max(labels, key=given.count) if given else None for record, given in votes.items()}

    before = {
        record for record, value in majority([said for number, said in rounds if number < opened]).items() if value
    }
    people = majority([said for _, said in rounds])
    ids = pq.read_table(root / "data/clean/records", columns=["id"])["id"].to_pylist()
    population = [id for id in ids if id not in before]
    prefix = f"audit|{params['seed']}|{audit['number']}|"
    sample = sorted(population, key=lambda id: sha256((prefix + id).encode()).hexdigest())[: audit["size"]]

    auto = {line["record"]: line for line in map(json.loads, open(root / "data/labels/auto.jsonl", encoding="utf-8"))}
    ranking = sorted(population, key=lambda id: (-auto[id]["confidence"], id))
    errors = [place for place, id in enumerate(ranking) if id in set(sample) and auto[id]["value"] != people[id]]

    size, drawn, budget = len(population), len(sample), int(promise["epsilon"] * len(ids) + 1e-9)
    tolerated = -1  # c: the largest x with U(x') - x' <= B for every x' <= x
    for seen in range(drawn + 1):
        most = max(d for d in range(size + 1) if hypergeom.cdf(seen, size, d, drawn) > promise["alpha"])
        if most - seen > budget:
            break
        tolerated = seen
    cut = 0 if tolerated < 0 else (errors + [size] * (tolerated + 1))[tolerated]
    accepted = [id for id in ranking[:cut] if people.get(id) is None]
    return {
        "sample": drawn,
        "population": size,
        "errors": len(errors),
        "accepted": len(accepted),
        "admitted": sorted(accepted),
    }


if __name__ == "__main__":
    print(json.dumps(guarantee(Path(sys.argv[1] if len(sys.argv) > 1 else "."))))
