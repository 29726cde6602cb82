from __future__ import annotations

import hashlib
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.sampling import order, split, stratified, uniform, weighted

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}

few = settings(max_examples=50, deadline=None)
ids = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def test_a_permutation_is_the_ascending_hex_digests() -> None:
    records = [f"tweet-{number}" for number in range(200)] + ["été", "表", "😀", ""]
    assert order("random|20261122", records) == sorted(records, key=lambda each: digest(f"random|20261122|{each}"))
    assert order("audit|20261122|1", records) == sorted(records, key=lambda each: digest(f"audit|20261122|1|{each}"))


def test_a_permutation_is_the_one_written_down_here() -> None:
    # printf 'random|1|c' | sha256sum begins with 101f…, that of a with 27d4…, of b with 91eb…
    assert order("random|1", ["a", "b", "c"]) == ["c", "a", "b"]


def test_seeds_and_audits_give_permutations_of_their_own() -> None:
    records = [str(number) for number in range(100)]
    orders = [order(prefix, records) for prefix in ("random|1", "random|2", "audit|1|1", "audit|1|2", "audit|2|1")]
    assert len({tuple(each) for each in orders}) == len(orders)


@few
@given(records=st.lists(ids, unique=True, min_size=1), data=st.data())
def test_a_permutation_depends_neither_on_the_order_of_records_nor_on_the_others(
    records: list[str], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(records))
    assert order("random|1", shuffled) == order("random|1", records)
    kept = set(data.draw(st.lists(st.sampled_from(records), unique=True)))
    assert order("random|1", kept) == [id for id in order("random|1", records) if id in kept]


def split_by_the_rule(seed: int, key: str) -> str:
    """What DESIGN.md says, in exact arithmetic."""
    fraction = Fraction(int(digest(f"split|{seed}|{key}")[:16], 16), 2**64)
    if fraction < Fraction(8, 10):
        return "train"
    return "validation" if fraction < Fraction(9, 10) else "test"


def test_splits_are_those_of_the_rule() -> None:
    records = [f"tweet-{number}" for number in range(2000)] + ["été", "表", "😀", ""]
    assert split(20261122, records, SHARES) == [split_by_the_rule(20261122, id) for id in records]


@few
@given(records=st.lists(ids, unique=True), others=st.lists(ids), seed=st.integers(0, 2**32), data=st.data())
def test_a_record_never_changes_split_when_others_come_or_go(
    records: list[str], others: list[str], seed: int, data: st.DataObject
) -> None:
    before = dict(zip(records, split(seed, records, SHARES), strict=True))
    after = data.draw(st.permutations(sorted({*records[::2], *others})))
    for id, found in zip(after, split(seed, after, SHARES), strict=True):
        assert found == before.get(id, found) == split_by_the_rule(seed, id)


def test_records_of_a_group_share_their_split() -> None:
    found = split(1, ["ann", "bob", "ann", "cy", "ann"], SHARES)
    assert found[0] == found[2] == found[4]


@pytest.mark.parametrize(
    "shares", [SHARES, {"train": 0.5, "validation": 0.2, "test": 0.3}, {"train": 0.7, "validation": 0.2, "test": 0.1}]
)
def test_shares_are_met_within_sampling_error(shares: dict[str, float]) -> None:
    n = 20_000
    found = split(3, [str(number) for number in range(n)], shares)
    for name, share in shares.items():
        assert abs(found.count(name) - share * n) < 5 * (share * (1 - share) * n) ** 0.5


@pytest.mark.parametrize("only", SHARES)
def test_a_split_with_all_or_nothing_gets_all_or_nothing(only: str) -> None:
    shares = {name: float(name == only) for name in SHARES}
    assert set(split(3, [str(number) for number in range(500)], shares)) == {only}


def test_splits_are_independent_of_the_permutation() -> None:
    records = [str(number) for number in range(10_000)]
    first = order("random|3", records)[:1000]
    assert abs(split(3, first, SHARES).count("train") - 800) < 5 * (0.8 * 0.2 * 1000) ** 0.5


@few
@given(records=st.lists(ids, unique=True), count=st.integers(1, 8), cut=st.integers(0, 8))
def test_a_uniform_sample_of_shards_samples_is_that_of_the_whole(records: list[str], count: int, cut: int) -> None:
    parts = [uniform("s", part, count) for part in (records[:cut], records[cut:])]
    assert uniform("s", [id for part in parts for id in part], count) == order("s", records)[:count]


@few
@given(strata=st.dictionaries(ids, st.sampled_from("abc")), count=st.integers(1, 20))
def test_strata_keep_their_shares(strata: dict[str, str], count: int) -> None:
    drawn = stratified("s", strata, count)
    assert len(drawn) == len(set(drawn)) == min(count, len(strata))
    for name in set(strata.values()):
        share = list(strata.values()).count(name) * len(drawn) / len(strata)
        assert abs(sum(strata[id] == name for id in drawn) - share) < 1


def test_weights_decide_how_often_something_is_drawn() -> None:
    weights = {"heavy": 3.0, "light": 1.0, "none": 0.0}
    first = [weighted(f"s{number}", weights, 1)[0] for number in range(2000)]
    assert 0.71 < first.count("heavy") / 2000 < 0.79
    assert sorted(weighted("s", weights, 3)) == ["heavy", "light"]
