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
    assert (block["accepted"], block["coverage"], block["error_bound"]) == (100, 0.5, 0.1)
    assert block["reason"] is None


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
