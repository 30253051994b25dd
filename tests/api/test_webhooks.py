"""Webhook consumers by the API: made, changed, switched, tested against a real server, their messages replayed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_httpserver import HTTPServer

from portal.api.models import IdempotentAnswer
from portal.events.models import AuditEvent
from portal.events.webhooks import services
from portal.events.webhooks.delivering import claim, deliver
from portal.events.webhooks.models import Consumer, Dispatch, DispatchState
from tests.api.calling import Program, error, read
from tests.events.webhooks.ear import Ear, a_consumer, a_dispatch
from tests.factories import CompanyFactory

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
WRONG = "The body has errors; nothing was done."
URL = "https://hooks.example.com/postroom"
NO_COMPANY = ("companyId", "There is no such company, or it is not yours.")
OFF = "It is switched off. Switch it on first."


def ask(program: Program, method: str, rest: str = "", body: object = None, **headers: str) -> Any:
    return program.call(method, f"/api/v1/webhooks{rest}", body, **headers)


def create(program: Program, **body: Any) -> Any:
    return ask(program, "POST", "", {"url": URL, **body})


def verbs() -> list[str]:
    return list(AuditEvent.objects.filter(area="webhook").order_by("id").values_list("verb", flat=True))


@pytest.fixture
def consumer(program: Program) -> Consumer:
    made, _ = a_consumer(URL, program.company.tenant_id)
    return made


@pytest.fixture
def ear(httpserver: HTTPServer) -> Ear:
    return Ear(httpserver)


# --- consumers -------------------------------------------------------------------------------------------------------


def test_a_consumer_from_its_beginning_to_its_end(program: Program) -> None:
    made = create(program, eventTypes=["posting.posted", "posting.held"], companyId=str(program.company.pk))
    assert made.status_code == 201
    told = read(made)
    secret = told.pop("secret")
    assert secret.startswith("whsec_")
    assert secret.endswith(told["secretHint"])
    assert (told["url"], told["companyId"], told["disabled"]) == (URL, str(program.company.pk), False)
    assert sorted(told["eventTypes"]) == ["posting.held", "posting.posted"]
    assert made.headers["Location"] == f"/api/v1/webhooks/{told['id']}"
    one = f"/{told['id']}"
    assert read(ask(program, "GET", one)) == told
    assert read(ask(program, "GET"))["results"] == [told]
    assert ask(program, "DELETE", one).status_code == 204
    assert [ask(program, method, one).status_code for method in ("GET", "DELETE")] == [404, 404]
    assert read(ask(program, "GET"))["totalResults"] == 0
    assert verbs() == ["webhook.added", "webhook.deleted"]
    assert {
        who.partition(" (")[0] for who in AuditEvent.objects.filter(area="webhook").values_list("who", flat=True)
    } == {"API token The shop"}


def test_it_may_be_made_switched_off_and_its_key_makes_no_second_one(program: Program) -> None:
    body = {"url": URL, "disabled": True}
    first = ask(program, "POST", "", body, idempotency_key="once")
    again = ask(program, "POST", "", body, idempotency_key="once")
    assert (first.content, again.headers["Idempotent-Replay"]) == (again.content, "true")
    assert read(first)["disabled"]
    assert Consumer.objects.count() == 1


def test_a_key_means_nothing_to_a_deletion(program: Program, consumer: Consumer) -> None:
    answers = [ask(program, "DELETE", f"/{consumer.pk}", idempotency_key="once").status_code for _ in range(2)]
    assert answers == [204, 404]
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, ("url", "It is missing.")),
        ({"url": "hooks.example.com"}, ("url", "Enter a whole web address, such as https://hooks.example.com/postroom.")),
        ({"url": f"{URL}#a"}, ("url", "The address must not contain #.")),
        ({"url": URL, "eventTypes": "posting.posted"}, ("eventTypes", "It must be a list.")),
        ({"url": URL, "companyId": 7}, ("companyId", "It must be an id such as 0e9f6c1b-5a3d-4c1e-9a59-2f0f6f1f7a11.")),
        ({"url": URL, "companyId": "0e9f6c1b-5a3d-4c1e-9a59-2f0f6f1f7a11"}, NO_COMPANY),
        ({"url": URL, "description": "Ours"}, ("description", "There is no member of this name.")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_member(program: Program, body: object, detail: tuple[str, str]) -> None:
    refused = ask(program, "POST", "", body)
    assert (refused.status_code, read(refused)) == (400, error(400, WRONG, detail))
    assert not Consumer.objects.exists()


def test_an_event_that_there_is_not_is_refused_with_those_that_there_are(program: Program) -> None:
    refused = create(program, eventTypes=["posting.posted", "posting.lost"])
    (detail,) = read(refused)["details"]
    assert (refused.status_code, detail["field"]) == (400, "eventTypes[1]")
    assert "posting.rejected" in detail["message"]


def test_another_tenants_company_is_as_unknown_as_none(program: Program, consumer: Consumer) -> None:
    other = str(CompanyFactory.create().pk)
    for refused in (create(program, companyId=other), ask(program, "PATCH", f"/{consumer.pk}", {"companyId": other})):
        assert (refused.status_code, read(refused)) == (400, error(400, WRONG, NO_COMPANY))
    consumer.refresh_from_db()
    assert consumer.company_id is None


def test_more_than_fifty_are_a_conflict(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_CONSUMERS", 1)
    assert create(program).status_code == 201
    assert create(program).status_code == 409


def test_only_what_is_named_is_changed(program: Program, consumer: Consumer) -> None:
    one = f"/{consumer.pk}"
    changed = read(ask(program, "PATCH", one, {"eventTypes": ["sync.failed"], "companyId": str(program.company.pk)}))
    assert (changed["url"], changed["eventTypes"]) == (URL, ["sync.failed"])
    changed = read(ask(program, "PATCH", one, {"url": f"{URL}/2"}))
    assert (changed["url"], changed["eventTypes"]) == (f"{URL}/2", ["sync.failed"])
    assert changed["companyId"] == str(program.company.pk)
    assert read(ask(program, "PATCH", one, {"companyId": None, "eventTypes": []}))["companyId"] is None
    assert verbs() == ["webhook.changed"] * 3
    assert read(ask(program, "PATCH", one, {})) == read(ask(program, "GET", one))
    assert verbs() == ["webhook.changed"] * 3


def test_an_address_is_told_without_its_query_and_taken_back_so(program: Program) -> None:
    told = read(create(program, url=f"{URL}?key=kestrel77"))
    assert told["url"] == f"{URL}?…"
    answer = ask(program, "PATCH", f"/{told['id']}", {"url": told["url"], "eventTypes": ["sync.failed"]})
    assert "kestrel77" not in answer.content.decode()
    assert Consumer.objects.get().url == f"{URL}?key=kestrel77"


def test_it_is_switched_off_and_on(program: Program, consumer: Consumer) -> None:
    waiting = a_dispatch(consumer)
    off = read(ask(program, "PATCH", f"/{consumer.pk}", {"disabled": True}))
    assert (off["disabled"], off["disabledReason"], off["disabledSince"] is None) == (True, "", False)
    waiting.refresh_from_db()
    assert waiting.state == DispatchState.GIVEN_UP
    for path, body in (
        ("test", None),
        ("replay", {"since": "2026-01-01T00:00:00Z"}),
        (f"messages/{waiting.pk}/replay", None),
    ):
        refused = ask(program, "POST", f"/{consumer.pk}/{path}", body)
        assert (refused.status_code, read(refused)) == (409, error(409, OFF))
    assert read(ask(program, "PATCH", f"/{consumer.pk}", {"disabled": False}))["disabledSince"] is None
    assert verbs() == ["webhook.disabled", "webhook.enabled"]


def test_a_change_and_its_switch_are_done_together_or_not_at_all(program: Program, consumer: Consumer) -> None:
    refused = ask(program, "PATCH", f"/{consumer.pk}", {"url": "ftp://example.com", "disabled": True})
    assert refused.status_code == 400
    consumer.refresh_from_db()
    assert (consumer.url, consumer.disabled_at) == (URL, None)


def test_a_new_secret_is_shown_once_and_signs_beside_the_old_one(program: Program, ear: Ear) -> None:
    told = read(create(program, url=ear.url))
    fresh = read(ask(program, "POST", f"/{told['id']}/secret"))
    assert fresh["secret"] != told["secret"]
    assert fresh["secretHint"] == fresh["secret"][-4:]
    ask(program, "POST", f"/{told['id']}/test")
    sent(told["id"])
    assert ear.ids(fresh["secret"]) == ear.ids(told["secret"])
    everything = ask(program, "GET", f"/{told['id']}").content + ask(program, "GET").content
    assert told["secret"].encode() not in everything
    assert fresh["secret"].encode() not in everything


def test_the_events_are_listed_with_what_they_say(program: Program) -> None:
    told = read(ask(program, "GET", "/eventTypes"))
    assert told["totalResults"] == len(told["results"])
    known = {one["eventType"]: one["description"] for one in told["results"]}
    assert known["posting.posted"].startswith("A document is in the accounting system")
    assert create(program, eventTypes=list(known)).status_code == 201


# --- messages --------------------------------------------------------------------------------------------------------


def sent(consumer_id: str) -> Dispatch:
    """The next message that is due, tried by a worker."""
    message = claim(Consumer.objects.get(pk=consumer_id).pk, timezone.now())
    assert message is not None
    deliver(message)
    return message


def test_a_test_arrives_and_its_message_says_so(program: Program, ear: Ear) -> None:
    made = read(create(program, url=ear.url))
    answer = ask(program, "POST", f"/{made['id']}/test")
    assert answer.status_code == 202
    told = read(answer)
    assert (told["eventType"], told["status"], told["tries"]) == ("webhook.test", "waiting", 0)
    sent(made["id"])
    assert ear.ids(made["secret"]) == [told["webhookId"]]
    after = read(ask(program, "GET", f"/{made['id']}/messages/{told['id']}"))
    assert (after["status"], after["statusCode"], after["problem"], after["nextTry"]) == ("arrived", 204, "", None)
    assert after["body"] == ear.bodies()[0]
    assert [(one["statusCode"], one["problem"]) for one in after["attempts"]] == [(204, "")]
    assert read(ask(program, "GET", f"/{made['id']}/messages"))["results"] == [
        {name: value for name, value in after.items() if name not in ("body", "attempts")}
    ]


def test_tries_are_told_the_last_one_first(program: Program, ear: Ear) -> None:
    made = read(create(program, url=ear.url))
    ear.status, ear.body = 503, "down"
    message = a_dispatch(Consumer.objects.get())
    sent(made["id"])
    ear.status = 500
    Dispatch.objects.update(next_try_at=timezone.now())
    sent(made["id"])
    told = read(ask(program, "GET", f"/{made['id']}/messages/{message.pk}"))
    assert [one["problem"] for one in told["attempts"]] == ["Answered 500: down", "Answered 503: down"]
    assert (told["status"], told["tries"], told["statusCode"]) == ("waiting", 2, 500)
    assert told["nextTry"] is not None


def test_one_that_was_given_up_is_sent_again_with_the_same_id(program: Program, ear: Ear) -> None:
    made = read(create(program, url=ear.url))
    first = a_dispatch(Consumer.objects.get(), state=DispatchState.GIVEN_UP, next_try_at=None)
    answer = ask(program, "POST", f"/{made['id']}/messages/{first.pk}/replay")
    told = read(answer)
    assert (answer.status_code, told["status"], told["replayOf"]) == (202, "waiting", str(first.pk))
    assert told["webhookId"] == str(first.announcement.public_id)
    sent(made["id"])
    assert ear.ids(made["secret"]) == [told["webhookId"]]


def test_one_that_waits_is_tried_at_once_and_no_second_one_made(program: Program, consumer: Consumer) -> None:
    later = timezone.now() + timedelta(hours=1)
    waiting = a_dispatch(consumer, next_try_at=later, tries=1)
    told = read(ask(program, "POST", f"/{consumer.pk}/messages/{waiting.pk}/replay"))
    assert (told["id"], told["replayOf"]) == (str(waiting.pk), None)
    waiting.refresh_from_db()
    assert waiting.next_try_at is not None
    assert waiting.next_try_at < later


def test_all_that_failed_since_then_is_sent_again(program: Program, consumer: Consumer) -> None:
    now = timezone.now()
    for hours in (1, 2, 50):
        a_dispatch(consumer, state=DispatchState.GIVEN_UP, next_try_at=None, made_at=now - timedelta(hours=hours))
    a_dispatch(consumer, state=DispatchState.ARRIVED, next_try_at=None)
    body = {"since": (now - timedelta(hours=24)).isoformat()}
    answer = ask(program, "POST", f"/{consumer.pk}/replay", body)
    assert (answer.status_code, read(answer)) == (202, {"replayed": 2, "mayBeMore": False})
    assert Dispatch.objects.filter(replay_of__isnull=False).count() == 2
    assert read(ask(program, "POST", f"/{consumer.pk}/replay", body))["replayed"] == 0


@pytest.mark.parametrize("since", ["yesterday", "2026-11-20T14:03:00", 7, None])
def test_since_is_a_moment_with_its_offset(program: Program, consumer: Consumer, since: object) -> None:
    refused = ask(program, "POST", f"/{consumer.pk}/replay", {"since": since})
    assert (refused.status_code, read(refused)["details"][0]["field"]) == (400, "since")


def test_the_list_goes_on_from_its_cursor_also_where_the_message_has_arrived_since(
    program: Program, consumer: Consumer
) -> None:
    made = [str(a_dispatch(consumer, number).pk) for number in range(5)]
    first = read(ask(program, "GET", f"/{consumer.pk}/messages?status=waiting&limit=2"))
    assert [one["id"] for one in first["results"]] == made[4:2:-1]
    Dispatch.objects.filter(pk=first["next"]).update(state=DispatchState.ARRIVED, next_try_at=None)
    rest = read(ask(program, "GET", f"/{consumer.pk}/messages?status=waiting&limit=9&after={first['next']}"))
    assert ([one["id"] for one in rest["results"]], rest["next"]) == (made[2::-1], None)
    assert [one["id"] for one in read(ask(program, "GET", f"/{consumer.pk}/messages"))["results"]] == made[::-1]


def test_a_cursor_of_another_consumer_is_refused(program: Program, consumer: Consumer) -> None:
    other, _ = a_consumer(URL, program.company.tenant_id)
    refused = ask(program, "GET", f"/{consumer.pk}/messages?after={a_dispatch(other).pk}")
    assert (refused.status_code, read(refused)["details"][0]["field"]) == (400, "after")
    assert ask(program, "GET", f"/{consumer.pk}/messages/{a_dispatch(other).pk}").status_code == 404
    assert ask(program, "GET", f"/{consumer.pk}/messages/{2**70}").status_code == 404


def test_lists_cost_the_same_however_long_they_are(program: Program, consumer: Consumer) -> None:
    def queries() -> list[int]:
        found = []
        for rest in ("", f"/{consumer.pk}/messages"):
            with CaptureQueriesContext(connection) as seen:
                ask(program, "GET", rest)
            found.append(len(seen))
        return found

    a_dispatch(consumer)
    ask(program, "GET")
    few = queries()
    for number in range(6):
        a_dispatch(consumer, number)
        a_consumer(URL, program.company.tenant_id)
    assert queries() == few
