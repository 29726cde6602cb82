"""Whether a version clears the bounds that it was set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from math import ceil
from typing import Any

from stages import InputError
from stages.quality.settings import Gate

PASS, FAIL, UNDECIDED = "pass", "fail", "not enough data"

Metric = tuple[Any, int | None, str | None]  # what stands in the report, of how many records, and why if it is null


def judge(gates: Mapping[str, Gate | None], quality: Mapping[str, Any]) -> dict[str, Any]:
    """Judge a quality report by its gates.

    A gate passes if the end of the metric's interval that it names clears the bound. It fails if no value of the
    interval that could still be true does. In between there is not enough data. Where a metric has no interval, its
    value is judged.

    Parameters
    ----------
    gates
        By name, in order; null is switched off.
    quality
        The report, as it will be written, without `gates`.

    Returns
    -------
    `passed` (all of them did), the names of those that `failed` and of the `undecided`, and under its name each gate's
    finding. An undecided one tells how many records are `needed` if the value stays as it is and the interval shrinks
    with the square root of their number; null with a `reason` where that cannot be said.

    Raises
    ------
    InputError
        A metric is not in the report, or is not a number.
    """
    metrics = {path: (value, n, reason) for path, value, n, reason in _metrics(quality)}
    findings = {name: _find(name, gate, metrics) for name, gate in gates.items() if gate is not None}
    failed = [name for name, finding in findings.items() if finding["verdict"] == FAIL]
    undecided = [name for name, finding in findings.items() if finding["verdict"] == UNDECIDED]
    return {"passed": not failed and not undecided, "failed": failed, "undecided": undecided, **findings}


def _find(name: str, gate: Gate, metrics: Mapping[str, Metric]) -> dict[str, Any]:
    measured, n, reason = _look_up(name, gate.metric, metrics)
    kind = "at_least" if gate.at_least is not None else "at_most"
    finding: dict[str, Any] = {"metric": gate.metric, kind: getattr(gate, kind)}
    if not isinstance(measured, Mapping):
        finding["value"] = measured
        if measured is None:
            return finding | _undecided(None, reason)
        return finding | {"verdict": PASS if _clears(gate, measured) else FAIL}
    value, low, high = (measured.get(key) for key in ("value", "low", "high"))
    finding |= {"value": value, "low": low, "high": high, "end": gate.judged}
    if value is not None and gate.judged == "value":
        return finding | {"verdict": PASS if _clears(gate, value) else FAIL}
    if value is None or low is None or high is None:
        return finding | _undecided(None, reason)
    if _clears(gate, finding[gate.judged]):
        return finding | {"verdict": PASS}
    if not _clears(gate, high if gate.at_least is not None else low):
        return finding | {"verdict": FAIL}
    return finding | _undecided(*_needed(finding[kind], value, low, high, n))


def _undecided(needed: int | None, reason: str | None) -> dict[str, Any]:
    found = {"verdict": UNDECIDED, "needed": needed}
    return found if needed is not None else found | {"reason": reason or "not computed"}


def _clears(gate: Gate, value: float) -> bool:
    return value >= gate.at_least if gate.at_least is not None else value <= (gate.at_most or 0)


def _needed(bound: float, value: float, low: float, high: float, n: int | None) -> tuple[int | None, str | None]:
    """Say at how many records the end between value and bound would reach the bound."""
    if not n:
        return None, "it is not known how many records the interval comes from"
    if value == bound:
        return None, "the value is the bound itself"
    ratio = (high - value if value < bound else value - low) / (bound - value)
    return ceil(round(n * ratio * ratio, 6)), None


def _look_up(name: str, metric: str, metrics: Mapping[str, Metric]) -> Metric:
    if metric in metrics:
        value, n, reason = metrics[metric]
        if isinstance(value, str | bool | list):
            found = repr(value)[:60]
            raise InputError(
                f"quality.gates.{name}.metric: {metric!r} is not a number in the quality report, found {found}"
            )
        return value, n, reason
    for path, (value, n, reason) in metrics.items():
        if value is None and metric.startswith(f"{path}."):
            return None, n, reason  # the whole group is null
    nearest = ", ".join(get_close_matches(metric, metrics, n=3, cutoff=0)) or "none"
    raise InputError(f"quality.gates.{name}.metric: {metric!r} is not in the quality report; nearest to it: {nearest}")


def _metrics(group: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, int | None, str | None]]:
    """Yield the path of each metric, what stands there, of how many records it is, and the reason beside it."""
    for key, value in group.items():
        if isinstance(value, Mapping) and "value" not in value:
            yield from _metrics(value, f"{prefix}{key}.")
        elif isinstance(value, Mapping):
            n = value.get("n", group.get("n"))
            yield f"{prefix}{key}", value, n, value.get("reason") or group.get("reason")
        elif key != "reason":
            yield f"{prefix}{key}", value, None, group.get("reason")
