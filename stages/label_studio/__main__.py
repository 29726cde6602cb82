"""`python -m stages.label_studio up | push | pull | backend`: where people label, beside the DAG."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

from stages import InputError, tasks
from stages.configuration import Dataset, chosen
from stages.label_studio import account, backend, client, exports, media, project, pulling, pushing, server
from stages.label_studio.account import Account
from stages.label_studio.client import Connection
from stages.label_studio.project import Project
from stages.label_studio.pseudonyms import Names, read_salt
from stages.review import Annotation, Review, current, read_rounds
from stages.tables import read, read_json
from stages.tasks import Interface

HOME = Path(".label-studio")  # ignored by git: accounts, tokens, the salt, and what people labelled here
MEDIA = HOME / "media"  # what tasks show
QUEUE = Path("data/review/tasks.json")
ROUNDS = Path("data/annotations")
MODEL, REPORT = Path("data/model"), Path("reports/annotator.json")
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(options: argparse.Namespace) -> bool:
    """Run a Label Studio of one's own with the queue in it, until Ctrl-C."""
    dataset, review, interface = _choices()
    queue = _queue()
    proposer = _proposer() if options.backend else None
    _make_home()
    if (HOME / "data").exists() and not (HOME / "account.json").exists():
        raise InputError(f"{HOME}/account.json is missing, the log-in to {HOME}/data; put it back, or move both away")
    person = account.kept(HOME / "account.json")
    if not (HOME / "data").exists():
        _say("the first start makes Label Studio's database: a minute or two …")
    try:
        with ExitStack() as stack:
            running = server.running(HOME, options.port, person, MEDIA, backend=options.backend)
            label_studio = stack.enter_context(running)
            connection = stack.enter_context(_known(label_studio.url, person))
            place = project.ensure(
                connection, review.project, interface, review.overlap, replace=options.replace_interface
            )
            backend.disconnect(connection, place.id)  # what a run that was killed left behind
            media.share(connection, place.id, MEDIA / "clean")
            _say(_push(place, queue, interface, ROUNDS / dataset.rounds).summary())
            if proposer:
                url = stack.enter_context(backend.serving(0, proposer, _say))
                stack.enter_context(backend.connected(connection, place.id, url))
                _say(f"proposals from {proposer.name}, while people label")
            _say(f"{_invitation(place, person)}\nCtrl-C stops the server")
            label_studio.wait()
    except server.AlreadyRunning as other:
        if not (HOME / "connection.json").exists():
            raise InputError(f"{other}; wait until it prints its address") from other
        if options.backend:
            raise InputError(f"{other}; stop it, to start it anew with --backend") from other
        _say(str(other))
        return _push_to_the_other(dataset, review, interface, person, options.replace_interface)
    except KeyboardInterrupt:
        _say("stopped; what people labelled is kept, and shows again with the next up")
    return True


def push(options: argparse.Namespace) -> bool:
    """Bring the queue to the server: one task per record."""
    dataset, review, interface = _choices()
    queue = _queue()
    connection = client.connect(HOME)
    if options.dry_run:
        place = project.find(connection, review.project, interface)
    else:
        place = project.ensure(connection, review.project, interface, review.overlap, replace=options.replace_interface)
    pushed = _push(place, queue, interface, ROUNDS / dataset.rounds, options.dry_run)
    _say(f"{place.url}: {pushed.summary()}")
    return not pushed.refused


def pull(options: argparse.Namespace) -> bool:
    """Write what people answered since the last round as the next one."""
    dataset, review, interface = _choices()
    records = set(read("data/clean/records", ["id"])["id"])
    _make_home()
    rounds = ROUNDS / dataset.rounds
    with pulling.alone(rounds):
        if options.file:
            where, people = str(options.file), {}
            found = exports.from_file(options.file, _queue() if QUEUE.exists() else [])
        else:
            connection = client.connect(HOME)
            place = project.find(connection, review.project, interface)
            found = exports.from_server(place)  # before the people: one who comes in between has no name otherwise
            where, people = f"project {place.title!r}", connection.people()
        names = Names(read_salt(HOME), people)
        limit = None if options.allow_deletions else review.deletions
        pulled = pulling.pull(found, interface, names, _standing(rounds, interface), records, where, limit)
        written = pulling.write(rounds, pulled.lines)
    _say(f"{written or 'nothing new, no round written'}: {pulled.summary()}")
    return not pulled.left_out


def serve_backend(options: argparse.Namespace) -> bool:
    """Answer Label Studio's requests for proposals with the model in data/model/, until Ctrl-C."""
    with backend.serving(options.port, _proposer(), _say) as url:
        _say(
            f"{url}: add it to a project (Settings, Model). A Label Studio on this machine reaches it if started with "
            "LABEL_STUDIO_ML_BLOCK_LOCAL_IP=false LABEL_STUDIO_SSRF_PROTECTION_ENABLED=false, as up --backend does"
        )
        try:
            signal.pause()
        except KeyboardInterrupt:
            _say("stopped")
    return True


def main() -> None:
    options = _parser().parse_args()
    for each in ENDING:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _end)
    try:
        raise SystemExit(not options.command(options))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("interrupted; run it again to go on", file=sys.stderr)
        raise SystemExit(130) from None


def _end(*_: Any) -> NoReturn:
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)  # stopping is not to be stopped
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages.label_studio", description="Where people label.")
    commands = parser.add_subparsers(required=True, metavar="up | push | pull | backend")

    def add(name: str, function: Any) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=function.__doc__, description=function.__doc__)
        command.set_defaults(command=function)
        return command

    each = add("up", up)
    each.add_argument("--port", type=_port, default=8080, help="of 127.0.0.1; 8080 if not given")
    each.add_argument("--backend", action="store_true", help="let the model in data/model/ propose while people label")
    each.add_argument("--replace-interface", action="store_true", help="put git's labelling interface on the server")
    each = add("push", push)
    each.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
    each.add_argument("--replace-interface", action="store_true", help="put git's labelling interface on the server")
    each = add("pull", pull)
    each.add_argument("--file", type=Path, metavar="export.json", help="read a JSON export instead of a server")
    each.add_argument("--allow-deletions", action="store_true", help="take any share of the answers as deleted")
    each = add("backend", serve_backend)
    each.add_argument("--port", type=_port, default=9090, help="of 127.0.0.1; 9090 if not given")
    return parser


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"1 to 65535 is expected, found {text!r}")
    return int(text)


def _choices() -> tuple[Dataset, Review, Interface]:
    dataset, review = chosen(dataset=Dataset, review=Review)
    return dataset, review, tasks.read("conf/labeling", dataset.labeling)


def _queue() -> list[Any]:
    if not QUEUE.is_file():
        raise InputError(f"{QUEUE} is not there; dvc repro makes it")
    queue = read_json(QUEUE)
    if not isinstance(queue, list):
        raise InputError(f"{QUEUE}: a list of tasks is expected; dvc repro makes it anew")
    return queue


def _standing(rounds: Path, interface: Interface) -> list[Annotation]:
    return current(read_rounds(sorted(rounds.glob("*.jsonl")), interface.task, interface.corrections))


def _push(
    place: Project, queue: list[Any], interface: Interface, rounds: Path, dry_run: bool = False
) -> pushing.Pushed:
    _make_home()
    if (HOME / "data").exists() and not dry_run:  # a server of one's own; others have their own storage
        media.bring(queue, Path("data"), MEDIA)
    names = Names(read_salt(HOME), place.connection.people())
    return pushing.push(place, queue, interface, _standing(rounds, interface), names, dry_run)


def _push_to_the_other(dataset: Dataset, review: Review, interface: Interface, person: Account, replace: bool) -> bool:
    """Push to the server that another `up` of this checkout runs."""
    connection = client.reach(str(read_json(HOME / "connection.json")["url"]), person.token)
    place = project.ensure(connection, review.project, interface, review.overlap, replace)
    pushed = _push(place, _queue(), interface, ROUNDS / dataset.rounds)
    _say(f"{pushed.summary()}\n{_invitation(place, person)}")
    return not pushed.refused


def _make_home() -> None:
    HOME.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def _known(url: str, person: Account) -> Iterator[Connection]:
    """Let `push` and `pull` find the server as long as it runs."""
    path = HOME / "connection.json"
    account.write_secret(path, {"url": url, "token": person.token})
    try:
        yield client.reach(url, person.token)
    finally:
        path.unlink(missing_ok=True)


def _invitation(place: Project, person: Account) -> str:
    return f"""
label here:  {place.url}
log in as:   {person.email}
password:    {person.password}

then, in another terminal:  source .venv/bin/activate
                            python -m stages.label_studio pull && dvc repro"""


def _proposer() -> backend.Proposer:
    from stages.annotators import Annotator
    from stages.annotators.calibration import propose

    dataset, annotator = chosen(dataset=Dataset, annotator=Annotator)
    task = tasks.read("conf/labeling", dataset.labeling).task
    if not (REPORT.is_file() and MODEL.is_dir()):
        raise InputError(f"{MODEL}/ is not there; dvc repro makes it")
    said = read_json(REPORT)
    if said["reason"] is not None:
        raise InputError(f"there is no model yet: {said['reason']}; label without the backend first")
    if not said["name"].startswith(f"{annotator.name}@") or list(said["learned"]["labels"]) != list(task.labels):
        raise InputError(f"{MODEL}/ was fitted with another annotator or label set than is chosen now; run dvc repro")
    model = annotator.load(MODEL, task)

    def annotate(records: Any) -> Any:
        return propose(model.predict(records), said["calibration"], task)

    return backend.Proposer(said["name"], task, list(dataset.fields), annotate)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
