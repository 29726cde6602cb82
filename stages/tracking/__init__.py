"""Record versions in MLflow; `reports/quality.json` in git is the truth, and MLflow a view of it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stages import InputError
from stages.tables import whole

DATABASE = "mlflow.db"
FINGERPRINT = "labelmill.fingerprint"
QUIET = {  # no telemetry; a server that is down is told at once, not after the default four minutes
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "3",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}


def record(quality: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    """Make the run of a dataset fingerprint, or bring the metrics of the one that is there up to date.

    The run's experiment is the dataset's name. Where: `MLFLOW_TRACKING_URI`, else `mlflow.db` in the working
    directory. Parameters are those under which a fingerprint was first seen, since MLflow lets none be changed.

    Parameters
    ----------
    quality
        `reports/quality.json`.
    parameters
        The configuration, nested.

    Returns
    -------
    Whether the run is new.

    Raises
    ------
    InputError
        The server does not answer, or refuses; credentials in its address are left out.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    address = os.environ.get("MLFLOW_TRACKING_URI") or _local()
    fingerprint = quality["dataset"]["fingerprint"]
    metrics = dict(_numbers(quality))
    try:
        client = MlflowClient(address)
        name = quality["dataset"]["name"]
        experiment = client.get_experiment_by_name(name)
        number = experiment.experiment_id if experiment else client.create_experiment(name)
        found = client.search_runs([number], f"tags.`{FINGERPRINT}` = '{fingerprint}'")
        run = found[0] if found else client.create_run(number, tags={FINGERPRINT: fingerprint}, run_name=fingerprint)
        logged = run.data.metrics
        now = time.time_ns() // 1_000_000  # of a metric's values, MLflow shows the latest
        changed = [Metric(key, value, now, 0) for key, value in metrics.items() if logged.get(key) != value]
        known = {_name(key): str(value) for key, value in _leaves(parameters)}
        first = [] if run.data.params else [Param(key, value) for key, value in known.items()]
        gates = [RunTag("labelmill.gates", "passed" if quality["gates"]["passed"] else "failed")]
        for start in range(0, max(len(changed), len(first), 1), 100):  # the most parameters that a server takes at once
            client.log_batch(run.info.run_id, changed[start : start + 100], first[start : start + 100], gates)
        client.set_terminated(run.info.run_id)
    except (MlflowException, SQLAlchemyError) as error:
        where = "the MLflow server of MLFLOW_TRACKING_URI" if os.environ.get("MLFLOW_TRACKING_URI") else DATABASE
        says = re.sub(r"//\S*@", "//", str(error).strip().partition("\n")[0])
        kind = "does not answer" if "Max retries" in says or "timed out" in says else f"{says:.200}"
        raise InputError(f"{where}: {kind}; nothing is lost: put it right, and run dvc repro again") from error
    return not found


def _local() -> str:
    """Give the address of the local store; make its tables beside their place first, so that none is half made."""
    path = Path(DATABASE).resolve()
    if not path.exists():
        with whole(path) as (draft,):
            from mlflow.store.db.utils import _safe_initialize_tables, create_sqlalchemy_engine

            engine = create_sqlalchemy_engine(f"sqlite:///{draft}")  # type: ignore[no-untyped-call]
            _safe_initialize_tables(engine)
            engine.dispose()
    return f"sqlite:///{path}"


def _numbers(quality: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in _leaves(quality):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield _name(key.removesuffix(".value")), float(value)


def _name(key: str) -> str:
    """Leave out the characters that MLflow does not take in a name; a slash is taken in some places alone."""
    return re.sub(r"[^\w. -]", "_", key)


def _leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from _leaves(value, place)
        else:
            yield place, value
