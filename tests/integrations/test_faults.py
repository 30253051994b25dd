"""Plans of faults: how they are read, and that a seed says what happens."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations.disturbances import ACTS
from integrations.faults import ABOUT, PRESETS, BadPlan, Campaign, Fault, Sort, Terms, parse


def drawn(campaign: Campaign, count: int, sort: Sort = Sort.WRITE) -> list[Fault | None]:
    return [campaign.draw(sort, method="POST", path="/", key=f"key-{number}") for number in range(count)]


def test_a_plan_names_faults_with_rates_and_terms() -> None:
    plan = parse("429=0.1, hang_after_commit=0.08,no_id ,hang_seconds=4.5,trust_keys=no, no_id=0.2")
    assert plan.rates == {Fault.RATE_LIMITED: 0.1, Fault.HANG: 0.08, Fault.NO_ID: 0.2}
    assert plan.terms == Terms(hang_seconds=4.5, trust_keys=False)


def test_a_fault_without_a_rate_always_happens() -> None:
    assert drawn(Campaign(parse("late_commit"), 3), 20) == [Fault.LATE] * 20


@pytest.mark.parametrize("spec", ["", " ", "none", ",,"])
def test_no_fault_is_a_plan_as_well(spec: str) -> None:
    assert parse(spec).rates == {}
    assert drawn(Campaign(parse(spec), 1), 20) == [None] * 20


def test_later_words_win_over_a_preset() -> None:
    plan = parse("chaos,429=0.0,late_seconds=7")
    assert (plan.rates[Fault.RATE_LIMITED], plan.rates[Fault.ERROR_AFTER]) == (0.0, 0.1)
    assert plan.terms.late_seconds == 7.0


@pytest.mark.parametrize(
    "spec,words",
    [
        ("429=x", "429=x: a number is wanted"),
        ("429=", "429=: a number is wanted"),
        ("429=1.5", "from 0 to 1"),
        ("429=-0.1", "from 0 to 1"),
        ("429=nan", "from 0 to 1"),
        ("hang_seconds=301", "from 0 to 300"),
        ("hang_seconds", "a number is wanted"),
        ("trust_keys=maybe", "yes or no"),
        ("earthquake", "earthquake is unknown here. Known are none, mild, chaos, 429,"),
        ("chaos=0.5", "chaos is unknown here"),
        ("429=0.6,no_id=0.6", "a write add up to more than 1"),
        ("lookup_429=0.6,lookup_500=0.6", "a lookup add up to more than 1"),
    ],
)
def test_a_plan_that_cannot_be_read_says_which_word(spec: str, words: str) -> None:
    with pytest.raises(BadPlan) as caught:
        parse(spec)
    assert words in str(caught.value)


def test_each_fault_is_described_and_carried_out() -> None:
    assert set(ABOUT) == set(ACTS) == set(Fault)


def test_chaos_disturbs_half_of_all_writes_and_mild_fewer() -> None:
    shares = {
        preset: sum(rate for fault, rate in parse(preset).rates.items() if fault.sort is Sort.WRITE)
        for preset in PRESETS
    }
    assert {preset: round(share, 2) for preset, share in shares.items()} == {"none": 0, "mild": 0.4, "chaos": 0.52}


def test_the_rates_come_true() -> None:
    found = Counter(drawn(Campaign(parse("chaos"), 5), 10_000))
    assert abs(found[Fault.ERROR_AFTER] - 1000) < 150
    assert abs(found[Fault.RESET_AFTER] - 600) < 120
    assert abs(found[None] - 4800) < 250


def test_the_same_seed_says_the_same_and_another_one_says_otherwise() -> None:
    first, second, other = (drawn(Campaign(parse("chaos"), seed), 50) for seed in (7, 7, 8))
    assert first == second != other


def test_a_seed_says_the_same_on_every_machine_and_in_every_version() -> None:
    found = drawn(Campaign(parse("chaos"), 1), 12)
    assert {count: fault for count, fault in enumerate(found, start=1) if fault} == {
        2: Fault.RATE_LIMITED,
        8: Fault.ERROR_BEFORE,
        10: Fault.ERROR_BEFORE,
        12: Fault.HANG,
    }


def test_lookups_do_not_shift_what_happens_to_writes() -> None:
    campaign = Campaign(parse("chaos"), 7)
    mixed = []
    for _ in range(50):
        drawn(campaign, 3, Sort.LOOKUP)
        mixed += drawn(campaign, 1)
    assert mixed == drawn(Campaign(parse("chaos"), 7), 50)


def test_requests_at_once_are_each_drawn_once() -> None:
    campaign = Campaign(parse("chaos"), 7)
    with ThreadPoolExecutor(8) as pool:
        together = [fault for faults in pool.map(lambda _: drawn(campaign, 25), range(8)) for fault in faults]
    assert Counter(together) == Counter(drawn(Campaign(parse("chaos"), 7), 200))
    assert sorted(note["count"] for note in campaign.report()["disturbed"]) == [
        count for count, fault in enumerate(drawn(Campaign(parse("chaos"), 7), 200), start=1) if fault
    ]


def test_what_was_disturbed_is_noted() -> None:
    campaign = Campaign(parse("429=0.5"), 7)
    faults = drawn(campaign, 20)
    report = campaign.report()
    assert report["requests"] == {"write": 20, "lookup": 0}
    assert report["totals"] == {"429": faults.count(Fault.RATE_LIMITED)}
    assert [(note["count"], note["key"]) for note in report["disturbed"]] == [
        (number + 1, f"key-{number}") for number, fault in enumerate(faults) if fault
    ]
    assert 0 < len(report["disturbed"]) < 20


def test_a_spent_key_is_answered_alike_for_ever() -> None:
    campaign = Campaign(parse("replayed_key=0.5"), 7)
    first = drawn(campaign, 20)
    again = drawn(campaign, 20)
    spent = [number for number, fault in enumerate(first) if fault]
    assert 0 < len(spent) < 20
    assert all(again[number] is Fault.REPLAYED_KEY for number in spent)


def test_keys_that_are_ignored_are_not_replayed() -> None:
    campaign = Campaign(parse("replayed_key=0.5,trust_keys=no"), 7)
    assert drawn(campaign, 20) + drawn(campaign, 20) == drawn(Campaign(parse("replayed_key=0.5,trust_keys=no"), 7), 40)
