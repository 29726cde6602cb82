"""Whether a version clears the bounds that it was set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from stages import InputError
from stages.quality.settings import Gate


def judge(gates: Mapping[str, Gate | None], quality: Mapping[str, Any]) -> dict[str, Any]:
    """Judge a quality report by its gates.

    The end of the interval that is nearer to the bound must clear it; where a metric has no interval, its value. What
    is null, or lacks its interval for a reason, is unknown and does not pass.

    Parameters
    ----------
    gates
        By name, in order; null is switched off.
    quality
        The report, as it will be written, without `gates`.

    Returns
    -------
    `passed`, the names that `failed` (the unknown included), and under its name each gate's finding.

    Raises
    ------
    InputError
        A metric is not in the report, or is not a number.
    """
    metrics = {path: (value, reason) for path, value, reason in _metrics(quality)}
    findings = {name: _find(name, gate, metrics) for name, gate in gates.items() if gate is not None}
    failed = [name for name, finding in findings.items() if finding["verdict"] != "pass"]
    return {"passed": not failed, "failed": failed, **findings}


def _find(name: str, gate: Gate, metrics: Mapping[str, tuple[Any, str | None]]) -> dict[str, Any]:
    value, reason = _look_up(name, gate.metric, metrics)
    kind, end = ("at_least", "low") if gate.at_least is not None else ("at_most", "high")
    bound = getattr(gate, kind)
    finding: dict[str, Any] = {"metric": gate.metric, kind: bound}
    if isinstance(value, Mapping):
        finding |= {"value": value["value"], end: value.get(end)}
        judged = value.get(end) if value["value"] is not None else None
    else:
        finding["value"] = judged = value
    if judged is None:
        return finding | {"verdict": "unknown", "reason": reason or "not computed"}
    clears = judged >= bound if kind == "at_least" else judged <= bound
    return finding | {"verdict": "pass" if clears else "fail"}


def _look_up(name: str, metric: str, metrics: Mapping[str, tuple[Any, str | None]]) -> tuple[Any, str | None]:
    if metric in metrics:
        value, reason = metrics[metric]
        if isinstance(value, str | bool | list):
            raise InputError(f"gates.{name}.metric: {metric!r} is not a number in the quality report, found {value!r}")
        return value, reason
    for path, (value, reason) in metrics.items():
        if value is None and metric.startswith(f"{path}."):
            return None, reason  # the whole group is null
    nearest = ", ".join(get_close_matches(metric, metrics, n=3, cutoff=0)) or "none"
    raise InputError(f"gates.{name}.metric: {metric!r} is not in the quality report; nearest to it: {nearest}")


def _metrics(group: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, str | None]]:
    """Yield the path of each metric, what stands there, and the reason beside it."""
    for key, value in group.items():
        if isinstance(value, Mapping) and "value" not in value:
            yield from _metrics(value, f"{prefix}{key}.")
        elif isinstance(value, Mapping):
            yield f"{prefix}{key}", value, value.get("reason") or group.get("reason")
        elif key != "reason":
            yield f"{prefix}{key}", value, group.get("reason")
