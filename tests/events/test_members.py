"""Mails to members about their own companies: their words, their clock, their choice, and nobody else's matters."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.core import mail
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from portal.events import circles, composing, noticing, recipients
from portal.events.mailing import ENDED, alert
from portal.events.models import Alert, AlertKind, Matter
from portal.events.recipients import Reader
from portal.events.waits import Found, ToMembers, Wait, register, waits
from tests.events.conftest import NOW, Heap, addressed, subjects, the_mail

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NORTH, SOUTH = uuid.UUID(int=1), uuid.UUID(int=2)
pytestmark = [pytest.mark.engine, pytest.mark.django_db]


class Plums:
    """Things of companies that wait: subject id -> company."""

    def __init__(self, kind: str = "plum", **told: Any) -> None:
        self.waiting: dict[str, uuid.UUID] = {}
        self.kind = kind
        self._ids = count(1)
        members = ToMembers(
            one=f"{kind} of yours", many=f"{kind}s of yours", advice="Pick it.",
            list_path=lambda company_id: f"/companies/{company_id.int}/{kind}s/", **told,
        )  # fmt: skip
        register(
            Wait(
                kind=kind, one=kind, many=f"{kind}s", advice="Look.", list_path=lambda: "/admin/", begins=self._begins,
                still=lambda _, known: known & set(self.waiting), members=members,
            )
        )  # fmt: skip

    def add(self, company_id: uuid.UUID, number: int = 1) -> None:
        self.waiting |= {f"{self.kind}-{next(self._ids)}": company_id for _ in range(number)}

    def _begins(self, _: Any, known: frozenset[str]) -> Iterator[Found]:
        for subject, company_id in self.waiting.items():
            if subject not in known:
                yield Found(
                    subject_id=subject, title=f"{subject}: 120.00 GBP was refused", path=f"/admin/{subject}/",
                    since=NOW - HOUR, company_id=company_id, desk_path=f"/{subject}/", desk_title=subject,
                )  # fmt: skip


def a_reader(address: str, company_id: uuid.UUID = NORTH, **more: Any) -> Reader:
    name = "Northgate Ltd" if company_id == NORTH else "Southgate Ltd"
    base: dict[str, Any] = {
        "address": address, "company_id": company_id, "company_name": name, "zone": "Europe/Helsinki",
        "is_owner": False, "alerts": True, "digest": False, "end_alerts_url": f"https://post.example.com/end/{name}/",
        "end_digest_url": "https://post.example.com/end-digest/",
    }  # fmt: skip
    return Reader(**{**base, **more})


@pytest.fixture
def people(heaps: tuple[Heap, Heap], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[Reader]:
    """Who hears of which company; staff are told nothing here."""
    settings.STAFF_ALERTS = []
    readers = [a_reader("nina@example.org"), a_reader("sam@example.org", SOUTH)]

    def asked(company_ids: Collection[uuid.UUID]) -> list[Reader]:
        return [one for one in readers if one.company_id in company_ids]

    monkeypatch.setitem(recipients._asked, "members", asked)
    return readers


def test_members_hear_of_their_own_company_alone(people: list[Reader]) -> None:
    plums = Plums()
    plums.add(NORTH, 2)
    alert(NOW)
    assert addressed() == ["nina@example.org"]
    message = the_mail()
    assert message.subject == "Northgate Ltd: 2 plums of yours"
    assert message.body.startswith(
        "At Northgate Ltd this waits for somebody:\n\n2 plums of yours, the oldest since 20 Nov"
    )
    assert "* plum-1\n  https://post.example.com/plum-1/\n" in message.body
    assert "All of them: https://post.example.com/companies/1/plums/" in message.body


def test_no_amount_and_no_staff_page_reaches_a_member(people: list[Reader]) -> None:
    Plums().add(NORTH)
    alert(NOW)
    whole = the_mail().message().as_string()
    assert "120.00" not in whole
    assert "/admin/" not in whole


def test_times_are_those_of_the_organisation(people: list[Reader]) -> None:
    Plums().add(NORTH)
    alert(NOW)
    assert "the oldest since 20 Nov 2026 13:00\n" in the_mail().body
    assert "on 20 Nov 2026 14:00; times are those of Europe/Helsinki." in the_mail().body


def test_a_mail_program_can_end_them_with_one_click(people: list[Reader]) -> None:
    Plums().add(NORTH)
    alert(NOW)
    message = the_mail().message()
    assert message["List-Unsubscribe"] == "<https://post.example.com/end/Northgate Ltd/>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "https://post.example.com/end/Northgate Ltd/" in the_mail().body


def test_staff_get_no_such_header(heaps: tuple[Heap, Heap]) -> None:
    heaps[0].add(1)
    alert(NOW)
    assert the_mail().message()["List-Unsubscribe"] is None


def test_what_is_the_customers_own_affair_is_not_told_to_staff(heaps: tuple[Heap, Heap]) -> None:
    one = Plums()
    wait = replace(waits()[-1], kind="own", to_staff=False)
    register(wait)
    one.add(NORTH)
    alert(NOW)
    assert subjects() == ["Postroom: 1 plum"]


def test_the_first_of_a_kind_at_once_then_gathered_then_again_after_a_day(people: list[Reader]) -> None:
    plums = Plums()
    plums.add(NORTH)
    alert(NOW)
    plums.add(NORTH, 2)
    for number in range(1, 15):
        alert(NOW + number * MINUTE)
    assert len(mail.outbox) == 1
    alert(NOW + 16 * MINUTE)
    assert subjects()[1:] == ["Northgate Ltd: 3 plums of yours"]
    for number in range(1, 24):
        alert(NOW + 17 * MINUTE + number * HOUR)
    assert len(mail.outbox) == 2
    alert(NOW + DAY + HOUR)
    assert len(mail.outbox) == 3


def test_what_is_told_once_is_not_told_again(people: list[Reader]) -> None:
    plums = Plums(once=True)
    plums.add(NORTH)
    for number in range(100):
        alert(NOW + number * HOUR)
    assert len(mail.outbox) == 1
    plums.waiting.clear()
    alert(NOW + 101 * HOUR)
    plums.add(NORTH)
    alert(NOW + 102 * HOUR)
    assert len(mail.outbox) == 2


def test_some_kinds_are_for_owners(people: list[Reader]) -> None:
    people.append(a_reader("olga@example.org", is_owner=True))
    Plums(owners_only=True).add(NORTH)
    alert(NOW)
    assert addressed() == ["olga@example.org"]


def test_who_wants_none_gets_none(people: list[Reader]) -> None:
    people[0] = replace(people[0], alerts=False, digest=True)
    Plums().add(NORTH)
    alert(NOW)
    assert mail.outbox == []


def test_one_person_of_two_companies_gets_a_mail_for_each(people: list[Reader]) -> None:
    people[1] = a_reader("nina@example.org", SOUTH)
    plums = Plums()
    plums.add(NORTH)
    plums.add(SOUTH)
    alert(NOW)
    assert sorted(subjects()) == ["Northgate Ltd: 1 plum of yours", "Southgate Ltd: 1 plum of yours"]


def test_who_ended_them_before_it_went_out_gets_nothing_and_blocks_nothing(
    people: list[Reader], settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "tests.events.test_alerts.Flaky"
    from tests.events.test_alerts import Server

    Server.away = True
    plums = Plums()
    plums.add(NORTH)
    alert(NOW)
    people[0] = replace(people[0], alerts=False)
    Server.away = False
    alert(NOW + 10 * MINUTE)
    row = Alert.objects.get()
    assert (row.sent_at, row.next_try_at, row.problem) == (None, None, ENDED)
    assert mail.outbox == []
    people[0] = replace(people[0], alerts=True)
    plums.add(NORTH)
    alert(NOW + 20 * MINUTE)
    assert len(mail.outbox) == 1


def test_a_mail_with_figures_does_not_make_what_waits_wait(people: list[Reader]) -> None:
    people[0] = replace(people[0], digest=True)
    composing.write_digest(
        people[0], subject="Figures", template="portal/events/digest", now=NOW, context={"period": {"words": "today"}}
    )
    Plums().add(NORTH)
    alert(NOW + MINUTE)
    assert subjects() == ["Northgate Ltd: 1 plum of yours", "Figures"]
    assert "end-digest" in mail.outbox[1].message()["List-Unsubscribe"]
    assert Alert.objects.get(kind=AlertKind.DIGEST).sent_at is not None


def test_one_company_does_not_take_all_the_room(people: list[Reader], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (noticing, composing):
        monkeypatch.setattr(module, "MOST_OF_ONE", 3)
    monkeypatch.setattr(noticing, "MOST_OPEN", 5)
    plums = Plums()
    plums.add(NORTH, 10)
    plums.add(SOUTH, 2)
    alert(NOW)
    alert(NOW + MINUTE)
    assert sorted(subjects()) == ["Northgate Ltd: 3+ plums of yours", "Southgate Ltd: 2 plums of yours"]
    assert Matter.objects.count() == 5


def test_a_quiet_minute_costs_the_same_however_many_members_there_are(people: list[Reader]) -> None:
    from django.db import connection

    Plums().add(NORTH, 3)
    alert(NOW)
    with CaptureQueriesContext(connection) as few:
        alert(NOW + MINUTE)
    people.extend(a_reader(f"member{number}@example.org") for number in range(30))
    alert(NOW + 2 * MINUTE)
    with CaptureQueriesContext(connection) as many:
        alert(NOW + 3 * MINUTE)
    assert len(many) == len(few)
    assert circles.waiting_members(NOW + 3 * MINUTE) == []
