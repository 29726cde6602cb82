"""Versions compared: against a slow and obvious oracle, and on the history of this repository."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError
from stages.tables import dump_line
from stages.versions import releasing, rendering, showing
from stages.versions.columns import differs, matched
from stages.versions.difference import Change, changes, listed
from stages.versions.loading import SPLITS, Version, ids, load, parted
from stages.versions.movement import movement
from stages.versions.revisions import Folder, find, git
from stages.versions.summary import summary

ROOT = Path(__file__).parents[2]
COMMITS = re.findall(r"^- `dataset-v[0-9.]+` \(([0-9a-f]{10})\)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[
    ::-1
]


def label(record: str, value: Any, origin: str = "auto", by: str = "linear@1", rounds: tuple[int, ...] = ()) -> dict:
    return {"record": record, "value": value, "origin": origin, "by": [by], "confidence": 0.5} | {
        "rounds": list(rounds),
        "guideline": "g",
        "why": "because",
    }


def written(lines: Iterable[dict[str, Any]]) -> pa.Array:
    return parted("".join(f"{dump_line(each)}\n" for each in lines).encode())


def version(
    records: dict[str, dict[str, Any]],
    rejected: dict[str, str] | None = None,
    params: dict[str, Any] | None = None,
    name: str = "v",
) -> Version:
    """Make a version of records by id, each with `text`, `split` and perhaps `label`."""
    rows = [(id, each) for id, each in sorted(records.items())]
    labels = {id: each["label"] for id, each in rows if each.get("label")}
    columns: dict[str, Any] = {
        "id": [id for id, _ in rows],
        "content": [each["text"] for _, each in rows],
        "text": [each["text"] for _, each in rows],
        "source": ["s"] * len(rows),
        "label": [labels[id]["value"] if id in labels else None for id, _ in rows],
        "origin": [labels[id]["origin"] if id in labels else None for id, _ in rows],
        "split": [each["split"] for _, each in rows],
    }
    thrown = rejected or {}
    return Version(
        name=name,
        records=pa.table({key: pa.array(values, pa.string()) for key, values in columns.items()}),
        labels=written(labels[id] for id in sorted(labels)),
        human=written(
            {"record": id, "value": each["value"], "queues": ["random"]}
            for id, each in sorted(labels.items())
            if each["origin"] == "human"
        ),
        auto=written({"record": id, "value": each["text"]} for id, each in rows),
        rejected=pa.table(
            {
                key: pa.array(each, pa.string())
                for key, each in zip(
                    ("id", "operator", "reason"),
                    (list(thrown), list(thrown.values()), ["r"] * len(thrown)),
                    strict=True,
                )
            }
        ),
        quality={},
        params=params or {},
        code={},
    )


def one(text: str = "a", split: str = "train", label: Any = None) -> dict[str, Any]:
    return {"text": text, "split": split, "label": label}


rows = st.builds(
    one,
    text=st.sampled_from("ab"),
    split=st.sampled_from(SPLITS),
    label=st.none()
    | st.tuples(st.sampled_from(["x", "y"]), st.sampled_from(["auto", "human"]), st.sampled_from(["m1", "m2"])),
)
histories = st.dictionaries(st.sampled_from([f"{n}" for n in range(12)]), rows, max_size=12)


def labelled(records: dict[str, Any]) -> dict[str, Any]:
    return {
        id: each | {"label": label(id, each["label"][0], each["label"][1], each["label"][2]) if each["label"] else None}
        for id, each in records.items()
    }


@given(histories, histories)
def test_every_difference_is_found_once_and_none_is_invented(before: dict[str, Any], after: dict[str, Any]) -> None:
    a, b = labelled(before), labelled(after)
    expected = []
    for id in a.keys() | b.keys():
        old, new = a.get(id), b.get(id)
        if old is None or new is None:
            expected.append((id, "added" if old is None else "removed"))
        else:
            expected += [(id, "changed")] * (old["text"] != new["text"]) + [(id, "moved")] * (
                old["split"] != new["split"]
            )
        was, now = (each and each["label"] for each in (old, new))
        if was and now and was != now:
            expected.append((id, "confirmed" if was["value"] == now["value"] else "relabelled"))
        elif bool(was) != bool(now):
            expected.append((id, "gained" if now else "lost"))
    found = every(version(a), version(b))
    assert sorted((each.record, each.what) for each in found) == sorted(expected)
    report = summary(version(a), version(b), changes(version(a), version(b)))
    assert report["same"] == (not expected)
    assert Counter(each.what for each in found) == {
        what: counted["count"]
        for part in ("records", "labels", "splits")
        for what, counted in report[part].items()
        if counted["count"]
    }


def every(a: Version, b: Version) -> list[Change]:
    return listed(changes(a, b), 1000)


def only(a: Version, b: Version) -> Change:
    (change,) = every(a, b)
    return change


AUTO, HUMAN = label("1", "x"), label("1", "x", "human", "ann", (1,))


@pytest.mark.parametrize(
    ("old", "new", "what", "stage", "cause"),
    [
        (None, HUMAN, "gained", "import_labels", "new annotations in round 1"),
        (AUTO, HUMAN | {"value": "y"}, "relabelled", "import_labels", "new annotations in round 1"),
        (HUMAN, HUMAN | {"rounds": [1, 3]}, "confirmed", "import_labels", "new annotations in round 3"),
        (HUMAN, HUMAN | {"value": "y"}, "relabelled", "import_labels", "other consensus or interface"),
        (AUTO, AUTO | {"guideline": "h"}, "confirmed", "assemble", "other guideline"),
        (HUMAN, None, "lost", "import_labels", "people's label was deleted, or counts no longer"),
        (None, AUTO, "gained", "assemble", "admitted by the guarantee"),
        (AUTO, None, "lost", "assemble", "no longer admitted by the guarantee"),
        (AUTO, AUTO | {"by": ["m@2"], "value": "y"}, "relabelled", "annotate", "other annotator, linear@1 → m@2"),
    ],
)
def test_a_label_that_changed_says_at_which_stage_and_why(
    old: Any, new: Any, what: str, stage: str, cause: str
) -> None:
    change = only(version({"1": one(label=old)}), version({"1": one(label=new)}))
    assert (change.what, change.stage, change.cause) == (what, stage, cause)


def test_a_label_of_which_only_the_confidence_changed_is_confirmed() -> None:
    change = only(version({"1": one(label=AUTO)}), version({"1": one(label=AUTO | {"confidence": 0.9})}))
    assert (change.what, change.stage) == ("confirmed", "assemble")
    assert change.cause == "other confidence or reason"


@pytest.mark.parametrize(
    ("key", "cause"),
    [
        ("conf/review/three.yaml:people", "other consensus"),
        ("conf/labeling", "other interface"),
        ("other", "other consensus or interface"),
    ],
)
def test_of_the_same_answers_another_label_is_put_down_to_the_setting_that_changed(key: str, cause: str) -> None:
    a = version({"1": one(label=HUMAN)}, params={key: 1})
    b = version({"1": one(label=HUMAN | {"value": "y"})}, params={key: 2})
    assert only(a, b).cause == cause


@given(st.lists(st.text(max_size=5), max_size=9), st.lists(st.text(max_size=5), max_size=9))
def test_lines_are_parted_and_matched_by_their_ids_whatever_these_hold(before: list[str], after: list[str]) -> None:
    a, b = (list(dict.fromkeys(each)) for each in (before, after))
    lines = [written({"record": id, "value": "x"} for id in each) for each in (a, b)]
    assert [json.loads(line)["record"] for line in lines[0].to_pylist()] == a
    place, gone = matched(*map(ids, lines))
    assert place.to_pylist() == [a.index(id) if id in a else None for id in b]
    assert gone.tolist() == [id not in b for id in a]


def test_a_last_line_without_its_end_is_a_line_too() -> None:
    assert parted(b"1\n2").to_pylist() == [b"1\n", b"2"]
    assert parted(b"").to_pylist() == []


COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "texts": (pa.list_(pa.string()), [["a"], ["a"], None, ["a"], ["a", None]]),
    "picture": (pa.struct([("path", pa.string())]), [{"path": "a"}, {"path": "b"}, None, None, {"path": "a"}]),
    "number": (pa.float64(), [1.0, 2.0, None, None, 0.0]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_fields_of_any_type_are_compared(name: str) -> None:
    kind, values = COLUMNS[name]
    one, other = (pa.chunked_array([pa.array(each, kind)]) for each in (values, values[1:] + values[:1]))
    assert differs(one, other).tolist() == [x != y for x, y in zip(values, values[1:] + values[:1], strict=True)]
    assert not differs(one, one).any()


def test_what_git_says_is_told_in_one_line() -> None:
    with pytest.raises(InputError, match=r"^git tag: [^\[\n]+$"):
        git("tag", "--no-such-option")


def test_a_record_that_cleaning_now_rejects_takes_its_label_with_it() -> None:
    a, b = version({"1": one(label=AUTO)}), version({}, rejected={"1": "length"})
    removed, lost = every(a, b)
    assert (removed.what, removed.stage, removed.cause) == ("removed", "clean", "rejected by length")
    assert (lost.what, lost.stage, lost.cause) == ("lost", "clean", "record removed: rejected by length")
    back = every(b, a)[0]
    assert (back.what, back.cause) == ("added", "no longer rejected by length")


def test_a_record_that_changes_its_split_without_a_setting_is_a_fault() -> None:
    a, b = version({"1": one(split="train")}), version({"1": one(split="test")})
    assert "a fault" in only(a, b).cause
    c = version({"1": one(split="test")}, params={"params.yaml:seed": 2})
    assert only(a, c).cause == "other seed, shares or group"


def test_annotators_are_compared_on_the_same_records_by_what_people_say_now() -> None:
    def said(text: str, value: str) -> dict[str, Any]:  # the text stands for what is proposed
        return one(text=text, label=label("1", value, "human"))

    a = version({f'"{n}': said("x", "x") for n in range(10)} | {"new": said("x", "y")})
    b = version({f'"{n}': said("x" if n < 6 else "y", "y") for n in range(10)} | {"auto": one("x", label=AUTO)})
    moved = movement(a, b)["annotator"]["random"]
    assert (moved["n"], moved["repaired"], moved["broken"]) == (10, 4, 0)
    assert moved["change"]["value"] == pytest.approx(0.4)
    assert movement(a, b)["annotator"]["audit"]["n"] == 0


def test_new_texts_are_told_apart_from_earlier_ones_and_changed_labels_are_counted() -> None:
    shown = {"conf/dataset/d.yaml:shown": ["text"], "conf/dataset/d.yaml:fields.text": "text"}
    old = {f"{n}": one(f"the parcel {n} came late", label=label(f"{n}", "x")) for n in range(40)}
    new = old | {f"n{n}": one(f"refund invoice {n} now") for n in range(40)} | {"1": one(label=label("1", "y"))}
    moved = movement(version(old, params=shown), version(new, params=shown))
    assert moved["texts"]["auc"]["low"] > 0.9
    assert moved["relabelled"]["n"] == 40
    assert moved["relabelled"]["value"] == 1 / 40
    assert moved["distribution"]["after"] == {"x": 39, "y": 1}
    same = movement(version(old, params=shown), version(old, params=shown))
    assert same["texts"]["auc"]["reason"] == "fewer than 10 texts are new or gone"
    assert movement(version(old), version(new))["texts"]["auc"]["value"] is None


def test_a_comparison_shows_texts_of_records_as_texts() -> None:
    evil = "<script>alert(1)</script>|`x`[bold]"
    a, b = version({}), version({evil: one(label=label(evil, evil))}, name="[red]b")
    report = summary(a, b, changes(a, b)) | movement(a, b)
    told = (showing.headline(report), list(showing.tables(report, every(a, b))))
    shown = rendering.markdown(*told)
    assert "<script" not in shown
    assert "`x`" not in shown
    assert all(line.count("|") == line.count(" | ") + 2 for line in shown.splitlines() if line.startswith("|"))
    text = rendering.text(*told, width=400)
    assert evil in text
    assert text.startswith("v → [red]b\n")
    page = rendering.html(*told)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;|`x`[bold]" in page


def command(*arguments: str, folder: Path = ROOT) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "stages.versions", "compare", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_an_unknown_revision_is_an_error_that_names_the_tags() -> None:
    code, out, err = command("nowhere")
    assert (code, out) == (2, "")
    assert err.startswith("error: nowhere: git knows no such revision; released versions: ")


def test_a_folder_without_a_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="here: no dataset was made there"):
        load(Folder("here", tmp_path))


@pytest.mark.slow
def test_a_version_whose_data_are_not_at_hand_says_how_to_get_them(tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", str(ROOT), str(tmp_path / "clone")], check=True)
    code, _, err = command(*COMMITS[:2], folder=tmp_path / "clone")
    assert code == 2
    assert "is not in DVC's cache" in err
    assert "dvc pull" in err
    assert "--rebuild" in err


@pytest.mark.slow
@pytest.mark.network
def test_shipped_versions_are_compared_in_a_fresh_clone(tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", str(ROOT), str(tmp_path / "clone")], check=True)
    code, out, err = command(*COMMITS[2:4], "--json", "--rebuild", folder=tmp_path / "clone")
    assert code == 1, err
    report = json.loads(out)
    assert report["labels"]["gained"]["causes"] == [
        {"stage": "assemble", "cause": "admitted by the guarantee", "count": 1966},
        {"stage": "import_labels", "cause": "new annotations in round 4", "count": 300},
    ]
    assert report["splits"]["moved"]["count"] == 0
    left = subprocess.run(
        ["git", "worktree", "list"], cwd=tmp_path / "clone", capture_output=True, text=True, check=True
    )
    assert len(left.stdout.splitlines()) == 1


def test_the_checkout_is_what_is_compared_without_a_second_revision() -> None:
    assert find(None).name == "working tree"


def counted(**kinds: int) -> dict[str, Any]:
    parts: dict[str, tuple[str, ...]] = {
        "records": ("added", "removed", "changed"),
        "labels": ("gained", "lost", "relabelled", "confirmed"),
    }
    report: dict[str, Any] = {
        part: {what: {"count": kinds.get(what, 0)} for what in each}
        for part, each in (parts | {"splits": ("moved",)}).items()
    }
    return report | {"same": not kinds}


@pytest.mark.parametrize(
    ("last", "kinds", "tag"),
    [
        (None, {}, "dataset-v0.1.0"),
        ("dataset-v0.4.0", {"gained": 3}, "dataset-v0.5.0"),
        ("dataset-v0.4.0", {"added": 3, "gained": 1}, "dataset-v0.5.0"),
        ("dataset-v0.4.1", {"confirmed": 3}, "dataset-v0.4.2"),
        ("dataset-v1.9.3", {"gained": 1, "relabelled": 1}, "dataset-v2.0.0"),
        ("dataset-v1.9.3", {"removed": 1}, "dataset-v2.0.0"),
        ("dataset-v1.9.3", {"moved": 1}, "dataset-v2.0.0"),
        ("dataset-v1.9.3", {"lost": 1}, "dataset-v2.0.0"),
    ],
)
def test_the_next_number_says_how_much_changed(last: str | None, kinds: dict[str, int], tag: str) -> None:
    assert releasing.next_tag(last, counted(**kinds)) == tag


def test_without_a_change_there_is_nothing_to_release() -> None:
    with pytest.raises(InputError, match=r"nothing changed since dataset-v0\.4\.0"):
        releasing.next_tag("dataset-v0.4.0", counted())


def test_the_latest_tag_is_that_with_the_highest_number() -> None:
    assert (
        releasing.latest(["dataset-v0.9.0", "dataset-v0.10.0", "dataset-v0.2.11", "dataset-v1", "v3.0.0"])
        == "dataset-v0.10.0"
    )
    assert releasing.latest([]) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "\n\n## Dataset\n\n- new\n"),
        ("# Changelog\n\n- code\n", "# Changelog\n\n- code\n\n## Dataset\n\n- new\n"),
        ("## Dataset\n\nOurs.\n\n- old\n", "## Dataset\n\nOurs.\n\n- new\n- old\n"),
        ("## Dataset\n\n- old\n\n## 1.0\n\n- x\n", "## Dataset\n\n- new\n- old\n\n## 1.0\n\n- x\n"),
        ("## Dataset\n\n## 1.0\n\n- x\n", "## Dataset\n\n- new\n\n## 1.0\n\n- x\n"),
    ],
)
def test_a_version_is_written_first_among_those_of_the_changelog(before: str, after: str) -> None:
    assert releasing.written(before, "- new") == after


def test_a_version_says_in_the_changelog_what_changed_and_what_it_promises() -> None:
    quality = {
        "dataset": {"labelled": {"human": 1000, "auto": 1966, "none": 1116}},
        "guarantee": {"error_bound": 0.0999, "epsilon": 0.1, "audit": 1, "alpha": 0.05},
        "gates": {"passed": False, "failed": ["macro_f1"], "undecided": ["coverage"]},
    }
    assert releasing.entry("dataset-v0.5.0", counted(added=10, gained=1200), quality) == (
        "- `dataset-v0.5.0`: 10 records added, 1,200 labels gained; 1,000 labels by people, 1,966 automatic, 1,116 "
        "records without; at most 10.0% wrong by audit 1, α = 0.05; gates failed: macro_f1; not enough data for the "
        "gates: coverage."
    )
    unknown = quality | {"guarantee": {"error_bound": None, "reason": "no audit is open"}, "gates": {"failed": []}}
    assert "nothing is promised (no audit is open); all gates passed." in releasing.entry("t", None, unknown)


def judged(by: str, alpha: float = 0.05, audit: int = 1, bound: float | None = 0.1) -> dict[str, Any]:
    return {"annotator": {"name": by}, "guarantee": {"audit": audit, "alpha": alpha, "error_bound": bound}}


def test_annotators_that_one_audit_judged_share_its_alpha() -> None:
    releasing.check_audit([{}, judged("a"), judged("a")])
    releasing.check_audit([judged("a"), judged("b", audit=2)])
    releasing.check_audit([judged("a"), judged("b", alpha=0.025)])
    releasing.check_audit([judged("a"), judged("b", bound=None)])
    with pytest.raises(InputError, match=r"audit 1 has judged 2 annotators \(a, b\): .* set alpha to 0\.025 or less"):
        releasing.check_audit([judged("a"), judged("b")])
