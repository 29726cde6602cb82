from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from stages import InputError
from stages.configuration import stage
from stages.engine import Engine, Local, progress


def hasher(seed: int) -> Callable[[int], str]:
    def work(item: int) -> str:
        time.sleep(0.2 if item == 0 else 0)  # so that later items are done first
        return sha256(f"{seed}|{item}".encode()).hexdigest()

    return work


def marking(folder: str) -> Callable[[int], int]:
    made = sha256(os.urandom(8)).hexdigest()
    (Path(folder) / f"{os.getpid()}-{made}").touch()

    def work(item: int) -> int:
        time.sleep(0.05)
        return os.getpid()

    return work


def picky() -> Callable[[int], int]:
    def work(item: int) -> int:
        if item == 3:
            raise InputError("record 3 is broken")
        return item

    return work


def modelless() -> Callable[[int], int]:
    raise InputError("there is no model to load")


@pytest.mark.parametrize("processes", [1, 2])
def test_results_are_those_of_a_plain_loop_in_the_same_order(processes: int) -> None:
    found = Local(processes).map(partial(hasher, 7), list(range(12)), what="hashing")
    assert found == [sha256(f"7|{item}".encode()).hexdigest() for item in range(12)]


@pytest.mark.parametrize("processes", [1, 2, None])
def test_nothing_to_do_gives_nothing(processes: int | None) -> None:
    assert Local(processes).map(partial(hasher, 7), [], what="hashing") == []


def test_a_single_item_is_worked_on_in_this_process(tmp_path: Path) -> None:
    assert Local(2).map(partial(marking, str(tmp_path)), [0], what="marking") == [os.getpid()]


def test_work_is_made_once_in_each_worker(tmp_path: Path) -> None:
    found = Local(2).map(partial(marking, str(tmp_path)), list(range(8)), what="marking")
    made = [path.name.partition("-")[0] for path in tmp_path.iterdir()]
    assert sorted(made) == sorted({str(process) for process in found})
    assert len(made) <= 2
    assert str(os.getpid()) not in made


def test_work_is_made_once_for_all_items_in_one_process(tmp_path: Path) -> None:
    Local(1).map(partial(marking, str(tmp_path)), list(range(3)), what="marking")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_worker_raises_reaches_the_caller(processes: int) -> None:
    with pytest.raises(InputError, match=r"^record 3 is broken$"):
        Local(processes).map(picky, list(range(5)), what="picking")


@pytest.mark.parametrize("processes", [1, 2])
def test_what_making_the_work_raises_reaches_the_caller(processes: int) -> None:
    with pytest.raises(InputError, match=r"^there is no model to load$"):
        Local(processes).map(modelless, list(range(5)), what="picking")


@pytest.mark.parametrize("processes", [0, -1])
def test_a_number_of_processes_below_one_is_refused(processes: int) -> None:
    with pytest.raises(InputError, match="processes: 1 or more"):
        Local(processes)


def test_silent_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    Local(1).map(partial(hasher, 7), [1, 2], what="hashing")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("set_to", "processes"), [(None, None), ("3", 3), ("null", None)])
def test_the_environment_says_how_many_processes(
    set_to: str | None, processes: int | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LABELMILL_PROCESSES", raising=False)
    if set_to is not None:
        monkeypatch.setenv("LABELMILL_PROCESSES", set_to)
    monkeypatch.setattr("sys.argv", ["show"])
    monkeypatch.chdir(Path(__file__).parent.parent)

    @stage
    def show(engine: Engine) -> str:
        return repr(engine)

    show()
    assert capsys.readouterr().out.strip() == f"Local(processes={processes})"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_shows_before_the_first_item_comes_and_goes_after_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    shown: list[str] = []

    def hanging() -> Iterator[int]:
        shown.append(sys.stderr.getvalue())  # type: ignore[attr-defined]
        yield from range(3)

    assert list(progress(hanging(), "asking", 3)) == [0, 1, 2]
    assert "asking" in shown[0]
    assert "0/3" in shown[0]
    assert sys.stderr.getvalue().rpartition("\r")[0].endswith(" ")  # type: ignore[attr-defined]


@pytest.mark.parametrize("items", [[], ()])
def test_nothing_to_do_shows_no_bar(items: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(progress(items, "asking")) == []
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_where_nobody_looks_there_is_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert list(progress(range(3), "asking", 3)) == [0, 1, 2]
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]
