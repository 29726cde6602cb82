import pytest

from stages.quality import Guarantee, admission
from stages.review.judging import Audited

SETTINGS = Guarantee(scope="dataset", epsilon=0.1, alpha=0.05)
IDS = [f"{i:03}" for i in range(200)]
AUTO = [{"record": id, "value": "x", "confidence": 1 - i / 1000} for i, id in enumerate(IDS)]


def audit(wrong, missing=()):
    return Audited(1, IDS, wrong, list(missing))


def people(*ids):
    return [{"record": id, "value": "x"} for id in ids]


def test_without_an_audit_nothing_is_admitted_and_the_reason_is_said():
    admitted, block = admission(SETTINGS, None, AUTO, people(), 200)
    assert not admitted
    assert block["accepted"] == 0
    assert block["coverage"] is block["error_bound"] is None
    assert "no audit is open" in block["reason"]


def test_without_an_audit_a_declared_confidence_admits_and_promises_nothing():
    settings = Guarantee(scope="dataset", epsilon=0.1, alpha=0.05, without_audit=0.9)
    admitted, block = admission(settings, None, AUTO, people("000"), 200)
    assert sorted(admitted) == IDS[1:101]
    assert "nothing is promised" in admitted["001"]
    assert block["error_bound"] is None
    assert block["reason"]


def test_an_incomplete_sample_admits_nothing_also_where_a_confidence_would_do_without_an_audit():
    settings = Guarantee(scope="dataset", epsilon=0.1, alpha=0.05, without_audit=0.5)
    admitted, block = admission(settings, audit({"000": False}, ["001"]), AUTO, people("000"), 200)
    assert not admitted
    assert "1 of 2 sampled records are not labelled yet" in block["reason"]


def test_a_complete_audit_admits_all_but_the_sample():
    sample = IDS[::2]
    admitted, block = admission(SETTINGS, audit(dict.fromkeys(sample, False)), AUTO, people(*sample), 200)
    assert sorted(admitted) == IDS[1::2]
    assert (block["accepted"], block["coverage"], block["error_bound"]) == (100, 1, 0.1)
    assert block["reason"] is None


def test_coverage_is_of_what_people_have_not_labelled():
    sample = dict.fromkeys(IDS[::2], False)
    proposed = AUTO[:190]  # what has no proposal is not accepted, and counts
    _, block = admission(SETTINGS, audit(sample), proposed, people(*sample, *IDS[1:100:2]), 200)
    assert (block["accepted"], block["coverage"]) == (45, 45 / 50)


def test_where_people_have_labelled_everything_nothing_is_promised_and_the_reason_is_said():
    sample = dict.fromkeys(IDS[::2], False)
    for settings in (SETTINGS, Guarantee("class", 0.1, 0.05, class_scope="accepted")):
        admitted, block = admission(settings, audit(sample), AUTO, people(*IDS), 200)
        assert not admitted
        assert block["coverage"] is block["error_bound"] is block["sensitivity"] is None
        assert block["reason"] == "people have labelled every record"
        assert block["errors"] == 0


def test_a_sampled_record_that_people_skipped_is_wrong_and_stays_without_a_label():
    sample = IDS[::2]
    wrong = dict.fromkeys(sample, False) | {"002": True}
    admitted, block = admission(SETTINGS, audit(wrong), AUTO, people(*(set(sample) - {"002"})), 200)
    assert "002" not in admitted
    assert block["errors"] == 1


def test_a_sample_too_small_for_any_promise_admits_nothing_and_says_so():
    admitted, block = admission(SETTINGS, audit({"000": False}), AUTO, people("000"), 200)
    assert not admitted
    assert "too small" in block["reason"]
    assert block["error_bound"] is None


def test_what_cannot_be_said_without_an_audit_is_null_with_the_reason():
    for settings in (SETTINGS, Guarantee("class", 0.1, 0.05, class_scope="accepted")):
        _, block = admission(settings, None, AUTO, people(), 200)
        assert block["estimate"] == {"value": None, "low": None, "high": None, "reason": block["reason"]}
        assert block["sensitivity"] is block["forecast"] is block.get("classes") is None


def test_of_the_accepted_labels_at_most_the_promised_share_may_be_wrong():
    settings = Guarantee("accepted", 0.1, 0.05)
    sample = IDS[::2]
    wrong = {id: id >= "150" for id in sample}
    admitted, block = admission(settings, audit(wrong), AUTO, people(*sample), 200)
    assert 0 < block["accepted"] == len(admitted) < 100
    assert max(admitted) < "170"
    assert block["error_bound"] <= 0.1
    assert block["error_bound"] * block["accepted"] == round(block["error_bound"] * block["accepted"])
    assert block["errors"] == 25
    assert list(block["sensitivity"]) == ["0.01", "0.02", "0.05"]
    bounds = [each["error_bound"] for each in block["sensitivity"].values()]
    assert block["error_bound"] <= bounds[0] <= bounds[1] <= bounds[2] <= 1


def test_a_ranking_that_is_nowhere_good_admits_nothing_and_says_so():
    settings = Guarantee("accepted", 0.1, 0.05)
    admitted, block = admission(settings, audit(dict.fromkeys(IDS[::2], True)), AUTO, people(*IDS[::2]), 200)
    assert not admitted
    assert block["reason"] == "the sample of 100 shows no part of the ranking to be at most 0.1 wrong"
    assert block["estimate"]["reason"] == "no automatic label is accepted"
    assert block["error_bound"] is block["sensitivity"] is None


def mixed(id):
    return "y" if int(id) % 4 < 2 else "x"


def by_class(class_scope, epsilon=0.1, wrong=lambda id: False):
    proposals = [line | {"value": mixed(line["record"])} for line in AUTO]
    settings = Guarantee("class", epsilon, 0.05, class_scope=class_scope)
    sample = IDS[::2]
    return admission(settings, audit({id: wrong(id) for id in sample}), proposals, people(*sample), 200)


def test_each_class_has_a_promise_of_its_own():
    admitted, block = by_class("accepted", 0.2, wrong=lambda id: mixed(id) == "y")
    assert {mixed(id) for id in admitted} == {"x"}
    assert block["classes"]["x"]["accepted"] == block["accepted"] == len(admitted) == 50
    assert block["error_bound"] == block["classes"]["x"]["error_bound"] <= 0.2
    assert block["classes"]["x"]["reason"] is block["reason"] is None
    assert [block["classes"][name]["errors"] for name in "xy"] == [0, 50]
    assert block["classes"]["y"]["accepted"] == 0
    assert "no part of the ranking" in block["classes"]["y"]["reason"]


def test_the_share_of_each_class_may_be_of_all_records_with_that_proposal():
    admitted, block = by_class("dataset", 0.2, wrong=lambda id: mixed(id) == "y")
    assert block["classes"]["x"]["accepted"] == 50
    assert sum(mixed(id) == "y" for id in admitted) <= 20
    assert [block["classes"][name]["error_bound"] for name in "xy"] == [0.2, 0.2]
    assert block["error_bound"] == 0.2


def test_several_promises_cost_more_than_one():
    """Seen alone, either class could be promised at this share; for both together the sample is too small."""
    proposals = [line | {"value": mixed(line["record"])} for line in AUTO]
    half = [line for line in proposals if line["value"] == "x"]
    settings = Guarantee("class", 0.06, 0.05, class_scope="dataset")
    wrong = {line["record"]: line["record"] in ("002", "006") for line in half[::2]}
    alone = Audited(1, [line["record"] for line in half], wrong, [])
    _, block = admission(settings, alone, half, people(*wrong), 200)
    both = Audited(1, IDS, wrong | {id: False for id in IDS[::2] if mixed(id) == "y"}, [])
    _, shared = admission(settings, both, proposals, people(*both.wrong), 200)
    assert shared["classes"]["x"]["sample"] == block["classes"]["x"]["sample"]
    assert shared["classes"]["x"]["accepted"] < block["classes"]["x"]["accepted"]


def test_several_labels_per_record_have_no_promise_by_class():
    lists = [line | {"value": ["x"]} for line in AUTO]
    settings = Guarantee("class", 0.1, 0.05, class_scope="dataset")
    admitted, block = admission(settings, audit(dict.fromkeys(IDS[::2], False)), lists, people(*IDS[::2]), 200)
    assert not admitted
    assert block["reason"] == "the scope 'class' is for records with one label each"


def test_the_estimate_is_of_the_sample_among_the_accepted():
    sample = IDS[::2]
    wrong = {id: id in ("010", "020", "190", "192", "194", "196", "198") for id in sample}
    _, block = admission(Guarantee("dataset", 0.05, 0.05), audit(wrong), AUTO, people(*sample), 200)
    assert 0 < block["accepted"] < 100
    assert (
        block["estimate"]["value"] == sum(wrong[id] for id in sample[: block["estimate"]["n"]]) / block["estimate"]["n"]
    )
    assert 0 <= block["estimate"]["low"] <= block["estimate"]["value"] <= block["estimate"]["high"]


def test_the_forecast_is_of_larger_audits_within_the_population():
    sample = IDS[::3]
    _, block = admission(SETTINGS, audit(dict.fromkeys(sample, False)), AUTO, people(*sample), 200)
    assert list(block["forecast"]) == ["134", "200"]
    assert block["forecast"]["134"] == pytest.approx({"accepted": 66, "coverage": 1, "labelled": 200})
    labelled = {"reason": "people have labelled every record"}
    assert block["forecast"]["200"] == {"accepted": 0, "coverage": None, "labelled": 200} | labelled
