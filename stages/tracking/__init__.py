"""Record versions in MLflow; `reports/quality.json` in git is the truth, and MLflow a view of it."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.tables import whole

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE = "mlflow.db"
FINGERPRINT, GATES, RELEASES = "labelmill.fingerprint", "labelmill.gates", "labelmill.releases"
COMMIT = "mlflow.source.git.commit"  # MLflow's own tag
TAGS = """
    SELECT run_uuid, key, value FROM tags JOIN runs USING (run_uuid) JOIN experiments USING (experiment_id)
    WHERE runs.lifecycle_stage = 'active' AND experiments.lifecycle_stage = 'active' ORDER BY start_time, run_uuid DESC
"""
MOST = 50_000  # runs that MLflow gives at once
QUIET = {  # no telemetry; a server that is down is told at once, not after the default four minutes
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "3",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}

Recorded = dict[str, tuple[str, tuple[str, ...]]]  # by fingerprint the commit and the releases


@dataclass(frozen=True)
class Made:
    """Where a version comes from, as its history tells.

    Parameters
    ----------
    commit
        The last one that made it.
    time
        Of the first one, in seconds since 1970.
    tags
        Of its releases.
    """

    commit: str
    time: int
    tags: tuple[str, ...]


def record(
    quality: Mapping[str, Any], parameters: Mapping[str, Any], page: str | None = None, made: Made | None = None
) -> bool:
    """Make the run of a dataset fingerprint, or bring the metrics of the one that is there up to date.

    The run's experiment is the dataset's name. Where: `MLFLOW_TRACKING_URI`, else `mlflow.db` in the working
    directory. Parameters are those under which a fingerprint was first seen, since MLflow lets none be changed.

    Parameters
    ----------
    quality
        `reports/quality.json`.
    parameters
        The configuration, nested.
    page
        The report of the version, kept as the run's artifact `index.html`.
    made
        The commits of the version; a new run then starts and ends at their time.

    Returns
    -------
    Whether the run is new.

    Raises
    ------
    InputError
        The server does not answer, or refuses; credentials in its address are left out.
    """
    with _connected() as client:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

        dataset = quality["dataset"]
        name, fingerprint = dataset["name"], dataset["fingerprint"]
        experiment = client.get_experiment_by_name(name)
        number = experiment.experiment_id if experiment else client.create_experiment(name)
        found = client.search_runs([number], f"tags.`{FINGERPRINT}` = '{fingerprint}'")
        now = time.time_ns() // 1_000_000  # of a metric's values, MLflow shows the latest
        moment = 1000 * made.time if made and not found else now
        run = found[0] if found else client.create_run(number, moment, {FINGERPRINT: fingerprint}, fingerprint)
        logged = run.data.metrics
        metrics = dict(_numbers(quality))
        changed = [Metric(key, value, moment, 0) for key, value in metrics.items() if logged.get(key) != value]
        known = {_name(key): str(value) for key, value in _leaves(parameters)}
        first = [] if run.data.params else [Param(key, value) for key, value in known.items()]
        tags = {GATES: "passed" if quality["gates"]["passed"] else "failed"}
        if made:
            tags |= {COMMIT: made.commit, RELEASES: " ".join(made.tags)}
        told = [RunTag(key, value) for key, value in tags.items()]
        for start in range(0, max(len(changed), len(first), 1), 100):  # the most parameters that a server takes at once
            client.log_batch(run.info.run_id, changed[start : start + 100], first[start : start + 100], told)
        if not run.inputs or not run.inputs.dataset_inputs:
            size = json.dumps({"num_rows": dataset.get("records")})
            table = Dataset(name, fingerprint, "dvc", json.dumps({"path": "data/dataset"}), profile=size)
            client.log_inputs(run.info.run_id, [DatasetInput(table, [InputTag("mlflow.data.context", "dataset")])])
        if made and made.tags:
            client.update_run(run.info.run_id, name=made.tags[-1])
        if page is not None:
            client.log_text(run.info.run_id, page, "index.html")
        client.set_terminated(run.info.run_id, end_time=moment)
    return not found


def recorded() -> Recorded:
    """Give the commit and the releases that the run of each fingerprint tells; empty ones where it tells none.

    Raises
    ------
    InputError
        As `record`.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        with suppress(sqlite3.Error):  # a store of another form than we know is left to MLflow
            return _read()
    with _connected() as client:
        experiments = [each.experiment_id for each in client.search_experiments()]
        runs = client.search_runs(experiments, max_results=MOST)
    return _told(run.data.tags for run in reversed(runs))  # the newest first; of two alike it counts, as in `record`


def _read() -> Recorded:
    """Read the tags of the local store's runs without MLflow, whose import takes five seconds."""
    path = Path(DATABASE)
    if not path.exists():
        return {}
    tags: dict[str, dict[str, str]] = {}
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        for run, key, value in database.execute(TAGS):
            tags.setdefault(run, {})[key] = value
    return _told(tags.values())


def _told(runs: Iterable[Mapping[str, str]]) -> Recorded:
    return {
        tags[FINGERPRINT]: (tags.get(COMMIT, ""), tuple(tags.get(RELEASES, "").split()))
        for tags in runs
        if FINGERPRINT in tags
    }


@contextmanager
def _connected() -> Iterator[MlflowClient]:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or _local())
    except (MlflowException, SQLAlchemyError) as error:
        where = "the MLflow server of MLFLOW_TRACKING_URI" if os.environ.get("MLFLOW_TRACKING_URI") else DATABASE
        says = re.sub(r"//\S*@", "//", str(error).strip().partition("\n")[0])
        kind = "does not answer" if "Max retries" in says or "timed out" in says else f"{says:.200}"
        raise InputError(f"{where}: {kind}; nothing is lost: put it right, and run it again") from error


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
