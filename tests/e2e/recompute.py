"""Recompute a version's guarantee from its files, sharing no code with the pipeline: `python recompute.py <folder>`."""

import json
import sys
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import yaml
from scipy.stats import hypergeom


def majority(rounds):
    latest, votes = {(word["record"], word["annotator"]): word for words in rounds for word in words}, {}
    for said in (each for each in latest.values() if each["action"] == "submitted"):
        votes.setdefault(said["record"], []).extend(said["result"][0]["value"]["choices"])
    return {record: max(auto[record]["scores"], key=given.count) for record, given in votes.items() if record in auto}


def accepted(scope, ranking, budget, alpha):
    n, m, found, level = len(ranking), len(sample.intersection(ranking)), [], 0
    if scope == "dataset":  # all before the (c + 1)-th error on the sample
        places = [place for place in range(n) if ranking[place] in wrong]
        c = next(c for c in range(-1, m + 1) if c == m or hypergeom.cdf(c + 1, n, budget + c + 2, m) > float(alpha))
        return ranking[: 0 if c < 0 else places[c] if c < len(places) else n]
    for step in range(5, 21):  # the largest head that is shown to be good, by the fallback procedure
        level += alpha * (Fraction(1, 2) if step == 5 else Fraction(step % 5 == 0, 6))
        head = ranking[: (k := -(-n * step // 20))]
        s, x = (len(each.intersection(head)) for each in (sample, wrong))
        allowed = int(epsilon * (k - -(-k * m // n)))
        if hypergeom.cdf(x, k, allowed + 1, s) > float(level):
            level = 0
        elif allowed - x <= int(epsilon * len(set(head) - sample - people.keys())):
            found = head
    return found


root = Path(sys.argv[1])
params = yaml.safe_load((root / "params.yaml").read_text())
review, quality = (yaml.safe_load((root / f"conf/{g}/{params[g]}.yaml").read_text()) for g in ("review", "quality"))
promise, number = quality["guarantee"], review["audit"]["number"]
epsilon, alpha = (Fraction(str(promise[key])) for key in ("epsilon", "alpha"))
auto = {line["record"]: line for line in map(json.loads, (root / "data/labels/auto.jsonl").read_bytes().splitlines())}
files = sorted((root / "data/annotations").glob("round-*.jsonl"))
rounds = [[json.loads(line) for line in path.read_bytes().splitlines()] for path in files]
opened = next(i for i, words in enumerate(rounds) if any(word["queue"] == f"audit:{number}" for word in words))
before, people = majority(rounds[:opened]), majority(rounds)
population = sorted(auto.keys() - before.keys(), key=lambda each: (-auto[each]["confidence"], each))
drawn = sorted(population, key=lambda each: sha256(f"audit|{params['seed']}|{number}|{each}".encode()).hexdigest())
sample = set(drawn[: review["audit"]["size"]])
wrong = {each for each in sample if auto[each]["value"] != people.get(each)}
kind = {each: line["value"] if promise["scope"] == "class" else "" for each, line in auto.items()}
head, kinds = set(), {kind[each] for each in population}
for name in kinds:
    scope, budget = promise["class_scope"] or promise["scope"], int(epsilon * [*kind.values()].count(name))
    head.update(accepted(scope, [each for each in population if kind[each] == name], budget, alpha / len(kinds)))
admitted = sorted(head - sample - people.keys())
counts = {"population": len(population), "sample": len(sample), "errors": len(wrong), "accepted": len(admitted)}
print(json.dumps(counts | {"admitted": admitted}))
