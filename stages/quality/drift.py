"""What changed between two versions: how labels are spread, which records were relabelled, how good it became."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from stages.quality.intervals import bootstrap, wilson
from stages.tasks import Value

Block = dict[str, Any]

FOLDS = 5


def counted(values: Iterable[Value]) -> Counter[str]:
    """Count how many records have each label; of a list of labels each counts."""
    return Counter(label for value in values for label in _labels(value))


def spread(before: Mapping[str, int], after: Mapping[str, int]) -> Block:
    """Compare how labels are distributed in two versions.

    Parameters
    ----------
    before, after
        How many records have each label, as `counted` gives it.

    Returns
    -------
    `before` and `after`, counts by label; and four measures, null with a `reason` where a version has no labels:

    - `psi`, the population stability index: the sum of (q - p) ln(q / p). Half a record is added to each label, so
      that a new one does not make it infinite. By custom, under 0.1 is small and over 0.25 is large (Siddiqi 2006).
    - `jensen_shannon`: the divergence in bits, from 0 (the same) to 1 (no label in common) (Lin 1991).
    - `chi_squared` with `statistic`, `degrees` and `p`, of whether both may come from one distribution; and
      `cramers_v`, its effect size from 0 to 1, since with many records any difference is significant (Cramér 1946).
    """
    counts = [Counter(before), Counter(after)]
    names = sorted(counts[0] | counts[1])
    table = np.array([[each[name] for name in names] for each in counts], dtype=float)
    told: Block = {
        key: {name: each[name] for name in names} for key, each in zip(("before", "after"), counts, strict=True)
    }
    if not all(counts):
        nothing = dict.fromkeys(("psi", "jensen_shannon", "chi_squared", "cramers_v"))
        return told | nothing | {"reason": f"the version {'after' if counts[0] else 'before'} has no labels"}
    return told | {"psi": _psi(table), "jensen_shannon": _jensen_shannon(table), **_chi_squared(table), "reason": None}


def _psi(table: np.ndarray) -> float:
    p, q = (table + 0.5) / (table + 0.5).sum(axis=1, keepdims=True)
    return float(((q - p) * np.log(q / p)).sum())


def _jensen_shannon(table: np.ndarray) -> float:
    shares = table / table.sum(axis=1, keepdims=True)
    mean = shares.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(shares > 0, shares * np.log2(shares / mean), 0.0)
    return float(terms.sum() / 2)


def _chi_squared(table: np.ndarray) -> Block:
    from scipy.stats import chi2

    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    degrees = table.shape[1] - 1
    p = float(chi2.sf(statistic, degrees)) if degrees else 1.0
    return {
        "chi_squared": {"statistic": statistic, "degrees": degrees, "p": p},
        "cramers_v": float(np.sqrt(statistic / table.sum())),
    }


def relabelled(before: Mapping[str, Value], after: Mapping[str, Value]) -> Block:
    """Say which labels changed.

    Parameters
    ----------
    before, after
        The value of each labelled record, by id.

    Returns
    -------
    `common`, `gained` and `lost`: records labelled in both, only after, only before. `rate`: the share of the common
    ones whose label is another now, with Wilson's interval. `flow`: of these, how many went `from` which value `to`
    which, most frequent first.
    """
    common = sorted(before.keys() & after.keys())
    changed = [record for record in common if before[record] != after[record]]
    flow = Counter((_name(before[record]), _name(after[record])) for record in changed)
    return {
        "common": len(common),
        "gained": len(after.keys() - before.keys()),
        "lost": len(before.keys() - after.keys()),
        "rate": wilson(len(changed), len(common)),
        "flow": [
            {"from": old, "to": new, "count": count}
            for (old, new), count in sorted(flow.items(), key=lambda each: (-each[1], each[0]))
        ],
    }


def paired_change(before: Mapping[str, bool], after: Mapping[str, bool], seed: int) -> Block:
    """Say whether an annotator became better, on audit records that both versions were judged on.

    Pairing takes out how hard the records are, so it sees smaller changes than two separate accuracies do.

    Parameters
    ----------
    before, after
        Whether each judged record was right, by id.
    seed
        Not negative; of the bootstrap.

    Returns
    -------
    `n` common records; `repaired` and `broken`: right only after, right only before; `change` of the share that is
    right, with a bootstrap interval over records, or, where none changed, as far either way as Wilson's interval of the
    share that did; `p` of McNemar's exact test (two-sided, binomial). Null with a `reason` where there is nothing to
    compute it from.
    """
    common = sorted(before.keys() & after.keys())
    difference = np.array([float(after[record]) - float(before[record]) for record in common])
    repaired, broken = int((difference > 0).sum()), int((difference < 0).sum())
    statistics = np.column_stack([difference, np.ones(len(common))])
    told = {
        "n": len(common),
        "repaired": repaired,
        "broken": broken,
        "change": bootstrap(statistics, _mean, seed)["change"] if repaired or broken else _unchanged(len(common)),
    }
    if not common:
        return told | {"p": None, "reason": "no record was judged in both"}
    from scipy.stats import binomtest

    p = float(binomtest(repaired, repaired + broken).pvalue) if repaired + broken else 1.0
    return told | {"p": p, "reason": None}


def _unchanged(n: int) -> Block:
    most = wilson(0, n)["high"]
    if most is None:
        return wilson(0, n)
    return {"value": 0.0, "low": -most, "high": most}


def _mean(sums: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore"):
        return {"change": sums[..., 0] / sums[..., 1]}


def text_drift(before: Sequence[str], after: Sequence[str], seed: int) -> Block:
    """Tell how well a classifier tells the texts of two versions apart (Lopez-Paz and Oquab 2017).

    Out-of-fold scores of a logistic regression on TF-IDF; their area under the ROC curve is the chance that it gives a
    later text a higher score than an earlier one. 0.5 is no drift that it can see.

    Parameters
    ----------
    before, after
        Texts, best those that only one version has.
    seed
        Not negative; of the folds.

    Returns
    -------
    `n` texts, and `auc` with `value`, `low`, `high`, the interval by DeLong, DeLong and Clarke-Pearson (1988); null
    with a `reason` if a version has too few texts.
    """
    n = len(before) + len(after)
    if min(len(before), len(after)) < 2 * FOLDS:
        reason = f"{2 * FOLDS} texts of each version are needed, found {len(before)} and {len(after)}"
        return {"n": n, "auc": {"value": None, "low": None, "high": None, "reason": reason}}
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=20_000, sublinear_tf=True),
        LogisticRegression(class_weight="balanced", solver="liblinear", random_state=seed),
    )
    later = np.repeat([0, 1], [len(before), len(after)])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    scores = cross_val_predict(model, [*before, *after], later, cv=folds, method="decision_function")
    return {"n": n, "auc": _auc(scores[later == 0], scores[later == 1])}


def _auc(lower: np.ndarray, higher: np.ndarray) -> Block:
    from scipy.stats import norm, rankdata

    m, n = len(lower), len(higher)
    ranks = rankdata(np.concatenate([lower, higher]))
    above = (ranks[m:] - rankdata(higher)) / m  # per later text: the share of earlier ones below it
    below = 1 - (ranks[:m] - rankdata(lower)) / n
    value = float(above.mean())
    half = float(norm.isf(0.025) * np.sqrt(above.var(ddof=1) / n + below.var(ddof=1) / m))
    return {"value": value, "low": max(0.0, value - half), "high": min(1.0, value + half)}


def _labels(value: Value) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _name(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
