"""Everything can be counted anew while it is shown and counted on."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from portal.postings.figures import counting, rebuilding
from portal.postings.figures.counting import count
from portal.postings.figures.models import Counting, DayFigures
from portal.postings.figures.rebuilding import Overtaken, rebuild
from portal.postings.models import Transition
from portal.postings.states import State
from tests.desk.scene import Scene
from tests.postings.figures.days import count_all, figures, in_a_while, moved

pytestmark = pytest.mark.engine


def anew() -> int:
    return rebuild(lambda _: None, in_a_while)


def test_what_is_wrong_becomes_right(demo: Scene) -> None:
    for state in State:
        demo.in_state(state)
    count_all()
    right = figures(demo.company)
    DayFigures.objects.update(posted=77)
    assert anew() == Transition.objects.count()
    assert figures(demo.company) == right
    assert (Counting.objects.count(), DayFigures.objects.count()) == (1, 1)
    assert count_all() == 0


def test_a_mark_beyond_the_log_is_mended(demo: Scene) -> None:
    """A database whose parts were restored from different backups."""
    demo.in_state(State.POSTED)
    count_all()
    Counting.objects.update(up_to=1_000_000)
    demo.in_state(State.POSTED)
    assert count_all() == 0
    anew()
    assert figures(demo.company) == {"received": 2, "posted": 2}


def test_the_days_move_to_another_zone(demo: Scene) -> None:
    moved(demo.in_state(State.POSTED), datetime(2026, 7, 14, 22, 30, tzinfo=UTC))
    count_all()
    demo.tenant.time_zone = "Asia/Tokyo"
    demo.tenant.save()
    before = set(DayFigures.objects.values_list("day", flat=True))
    anew()
    assert {day.isoformat() for day in before} == {"2026-07-14"}
    assert {day.isoformat() for day in DayFigures.objects.values_list("day", flat=True)} == {"2026-07-15"}


def test_what_is_shown_goes_on_meanwhile(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "BATCH", 1)
    demo.in_state(State.POSTED)
    count_all()
    seen = []

    def meanwhile(_: int) -> None:
        seen.append(figures(demo.company))
        if len(seen) == 1:
            demo.in_state(State.HELD)
            count(in_a_while())

    rebuild(meanwhile, in_a_while)
    assert seen[0] == {"received": 1, "posted": 1}
    assert seen[1] == figures(demo.company) == {"received": 2, "posted": 1, "held": 1}
    count_all()
    assert figures(demo.company) == {"received": 2, "posted": 1, "held": 1}


def test_what_was_broken_off_is_cleared_away(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    demo.in_state(State.POSTED)

    def breaks(_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(breaks, in_a_while)
    assert Counting.objects.count() == 2
    monkeypatch.setattr(rebuilding, "BATCH", 1)
    anew()
    assert Counting.objects.count() == 1
    assert figures(demo.company) == {"received": 1, "posted": 1}


def test_of_two_the_later_one_goes_on(demo: Scene) -> None:
    demo.in_state(State.POSTED)
    count_all()

    def another(_: int) -> None:
        anew()

    with pytest.raises(Overtaken):
        rebuild(another, in_a_while)
    assert Counting.objects.get().is_shown
    assert figures(demo.company) == {"received": 1, "posted": 1}


def test_the_command_counts_on_and_counts_anew(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    demo.in_state(State.POSTED)
    with time_machine.travel(in_a_while(), tick=True):
        assert _said() == "2 rows of the logs were counted.\n"
        assert _said() == "0 rows of the logs were counted.\n"
        assert _said("--rebuild") == "2 rows of the logs were counted.\n"

    def overtaken(*_: object) -> int:
        raise Overtaken("Somebody else.")

    monkeypatch.setattr("portal.postings.management.commands.figures.rebuild", overtaken)
    with pytest.raises(CommandError, match="Somebody else"):
        _said("--rebuild")


def _said(*options: str) -> str:
    out = StringIO()
    call_command("figures", *options, stdout=out, stderr=StringIO())
    return out.getvalue()
