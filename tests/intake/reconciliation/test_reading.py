"""The order of a list is found out on the way: what is read, how many calls it takes, and where it goes on."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from integrations.standing import Page, Standing
from portal.intake.reconciliation.reading import START, Order, Place, Step, read, trend
from tests.intake.reconciliation.lists import NOW, PAGE, Lister, a_standing, rising

SINCE = NOW - timedelta(days=35)
TEN_THOUSAND = 10_000
# 35 days, two hours less, at one an hour: 838 in the window.
IN_WINDOW = 838


def ids(steps: list[Step]) -> list[str]:
    return [one.external_id for step in steps for one in step.rows]


def whole(lister: Lister, since: datetime = SINCE, place: Place = START) -> list[str]:
    return ids(list(read(lister, since, place)))


def wanted(rows: list[Standing]) -> set[str]:
    return {one.external_id for one in rows if one.created_at and one.created_at >= SINCE}


def in_pages(*days: int) -> list[Standing]:
    """A full page for each, created so many days before now."""
    return [
        a_standing(f"{place}-{row}", NOW - timedelta(days=day, minutes=row))
        for place, day in enumerate(days)
        for row in range(PAGE)
    ]


def shuffled(rows: list[Standing]) -> list[Standing]:
    return random.Random(7).sample(rows, len(rows))


class TestTheCostOfTenThousand:
    def test_the_window_is_as_large_as_the_tests_say(self) -> None:
        assert len(wanted(rising(TEN_THOUSAND))) == IN_WINDOW

    def test_falling_it_ends_behind_the_window(self) -> None:
        rows = rising(TEN_THOUSAND)[::-1]
        lister = Lister(rows)
        assert wanted(rows) <= set(whole(lister))
        # 42 pages of the window, one that is wholly older, and four looks behind it (86, 172, 344 and past the end)
        assert lister.asked == [*range(1, 44), 86, 172, 344, 688]

    def test_rising_its_beginning_is_searched(self) -> None:
        rows = rising(TEN_THOUSAND)
        lister = Lister(rows)
        assert wanted(rows) <= set(whole(lister))
        search = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 384, 448, 480, 464, 456, 460, 458, 459]
        # an empty page proves that a full one was the last
        assert lister.asked == [*search, *[page for page in range(459, 502) if page not in search]]

    def test_in_no_order_all_of_it_is_read(self) -> None:
        rows = shuffled(rising(TEN_THOUSAND))
        lister = Lister(rows)
        assert sorted(whole(lister)) == sorted(one.external_id for one in rows)
        assert lister.asked == [*range(1, 502)]


class TestEveryOrderTellsTheWindow:
    @pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 40, 41, 100, 839, 1000, 1680])
    @pytest.mark.parametrize("order", ["down", "up", "mixed"])
    def test_of_every_length(self, count: int, order: str) -> None:
        rows = rising(count)
        rows = {"down": rows[::-1], "up": rows, "mixed": shuffled(rows)}[order]
        lister = Lister(rows)
        told = whole(lister)
        assert wanted(rows) <= set(told)
        assert len(told) == len(set(told))
        assert len(lister.asked) == len(set(lister.asked)) <= count // PAGE + 12

    def test_with_nothing_in_the_window(self) -> None:
        rows = [a_standing(str(day), SINCE - timedelta(days=day + 1)) for day in range(300)]
        for listed in (rows, rows[::-1]):
            lister = Lister(listed)
            whole(lister)
            assert len(lister.asked) <= 11

    def test_of_one_moment_all_of_it_is_read(self) -> None:
        rows = [a_standing(str(number), NOW) for number in range(90)]
        assert len(whole(Lister(rows))) == 90

    def test_without_dates_all_of_it_is_read(self) -> None:
        rows = [a_standing(str(number), None) for number in range(90)]
        assert len(whole(Lister(rows))) == 90

    def test_a_page_with_a_row_without_a_date_ends_nothing(self) -> None:
        old = [a_standing(f"old {number}", SINCE - timedelta(hours=number + 1)) for number in range(60)]
        old[15] = a_standing("undated", None)
        rows = [*rising(40)[::-1], *old]
        assert "undated" in whole(Lister(rows))

    def test_pages_that_were_emptied_by_a_filter_are_not_the_end(self) -> None:
        rows = rising(200)[::-1]

        def ask(number: int) -> Page:
            page = Lister(rows)(number)
            return Page(rows=() if number in (2, 3, 5) else page.rows, is_last=page.is_last)

        hidden = {one.external_id for page in (2, 3, 5) for one in Lister(rows)(page).rows}
        assert set(ids(list(read(ask, SINCE)))) == wanted(rows) - hidden


class TestAnOrderThatDoesNotHold:
    def test_falling_in_two_runs_the_second_is_found_where_it_is_looked_for(self) -> None:
        invoices, orders = rising(1000)[::-1], rising(1000)[::-1]
        renamed = [a_standing(f"order {one.external_id}", one.created_at) for one in orders]
        rows = [*invoices, *renamed]
        assert wanted(rows) <= set(whole(Lister(rows)))

    def test_falling_at_first_and_then_not(self) -> None:
        rows = in_pages(1, 3, 2, 50, 4, 60)
        assert wanted(rows) <= set(whole(Lister(rows)))

    def test_rising_at_first_and_then_falling(self) -> None:
        rows = in_pages(100, 90, 5, 200, 190, 180)
        assert wanted(rows) <= set(whole(Lister(rows)))

    def test_new_ones_that_push_the_others_over_are_no_disorder(self) -> None:
        rows = rising(2000)[::-1]
        lister = Lister(rows)

        def arrive(page: int) -> None:
            lister.rows[:0] = [a_standing(f"{new} {page}", NOW + timedelta(minutes=page)) for new in "cba"]

        lister.before = arrive
        before = wanted(rows)
        assert before <= set(whole(lister))
        assert len(lister.asked) < 60


class TestGoingOn:
    @pytest.mark.parametrize("order", ["down", "up", "mixed", "same"])
    def test_from_every_step_nothing_is_missed(self, order: str) -> None:
        up = rising(1300)
        same = [a_standing(str(number), NOW) for number in range(400)]
        rows = {"down": up[::-1], "up": up, "mixed": shuffled(up), "same": same}[order]
        steps = list(read(Lister(rows), SINCE))
        assert steps[-1].then is None
        for number, step in enumerate(steps[:-1]):
            assert step.then is not None
            told = [*ids(steps[: number + 1]), *whole(Lister(rows), place=step.then)]
            assert wanted(rows) <= set(told)

    def test_the_place_says_order_and_page(self) -> None:
        rows = rising(1300)
        assert [step.then for step in list(read(Lister(rows[::-1]), SINCE))[:2]] == [
            Place(Order.DOWN, 2),
            Place(Order.DOWN, 3),
        ]
        places = [step.then for step in read(Lister(rows), SINCE)]
        assert places[:2] == [Place(Order.UNKNOWN, 2), Place(Order.UP, 25)]
        assert [step.then for step in list(read(Lister(shuffled(rows)), SINCE))[:1]] == [Place(Order.MIXED, 2)]


def test_the_trend_of_two_pages() -> None:
    day = [a_standing(str(number), NOW + timedelta(days=number)) for number in range(6)]
    none = a_standing("none", None)
    assert trend(day[:2], day[2:]) is Order.UP
    assert trend(day[2:], day[:2]) is Order.DOWN
    assert trend([day[0], day[2]], [day[1], day[3]]) is Order.MIXED
    assert trend(day[:3], day[2:]) is Order.UP
    assert trend(day[:1], day[:1]) is Order.UNKNOWN
    assert trend([none], day) is trend(day, []) is Order.UNKNOWN
