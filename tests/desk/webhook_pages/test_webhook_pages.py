"""The pages of webhooks: added with a secret shown once, tested, sent again, deleted; nothing secret is on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.desk.keyset import PAGE_SIZE
from portal.events.models import AuditEvent
from portal.events.webhooks import services
from portal.events.webhooks.logs import event_types
from portal.events.webhooks.models import Consumer, Dispatch, DispatchState
from portal.tenants.models import Member, Role
from tests.desk.scene import Scene
from tests.events.webhooks.ear import a_consumer, a_dispatch
from tests.factories import CompanyFactory, StaffFactory

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/postroom?code=s3cret"


def page(scene: Scene, name: str, *ids: object, **query: str) -> str:
    """What the owner sees."""
    address = reverse(f"desk:{name}", args=[scene.tenant.pk, *ids])
    return scene.client.get(address, query).content.decode()


def send(scene: Scene, name: str, *ids: object, **fields: Any) -> Any:
    """What the owner sends, and where it leads."""
    return scene.client.post(reverse(f"desk:{name}", args=[scene.tenant.pk, *ids]), fields, follow=True)


@pytest.fixture
def hook(scene: Scene) -> Consumer:
    """A webhook of the organisation."""
    return a_consumer(URL, scene.tenant.pk)[0]


def test_the_empty_page_says_what_to_do(scene: Scene) -> None:
    body = page(scene, "webhooks")
    assert "No webhook yet" in body
    assert reverse("desk:webhook-add", args=[scene.tenant.pk]) in body
    assert reverse("desk:webhook-guide", args=[scene.tenant.pk]) in body
    guide = page(scene, "webhook-guide")
    assert all(f">{name}<" in guide for name in event_types())
    Member.objects.update(role=Role.VIEWER)
    body = page(scene, "webhooks")
    assert reverse("desk:webhook-add", args=[scene.tenant.pk]) not in body
    assert "Owners of" in body


def test_one_is_added_and_its_secret_is_shown_once(scene: Scene) -> None:
    fields = {"url": URL, "company": str(scene.company.pk), "event_types": ["posting.posted", "sync.failed"]}
    body = send(scene, "webhook-add", **fields).content.decode()
    row = Consumer.objects.get()
    secret = row.secrets["signing"]
    assert (row.company_id, row.event_types) == (scene.company.pk, ["sync.failed", "posting.posted"])
    assert row.created_by == scene.user.get_username()
    assert secret in body
    for name, ids in (("webhooks", ()), ("webhook", (row.pk,)), ("webhook-secret", (row.pk,))):
        shown = page(scene, name, *ids)
        assert secret not in shown
        assert "s3cret" not in shown
        assert "https://hooks.example.com/postroom?…" in shown


def test_wrong_input_says_what_is_wrong_at_its_field_and_keeps_what_was_typed(scene: Scene) -> None:
    body = send(scene, "webhook-add", url="hooks.example.com", event_types=["posting.posted"]).content.decode()
    assert '<a href="#field-url">Address</a>: Enter a whole web address' in body
    assert 'value="hooks.example.com"' in body
    assert 'value="posting.posted" id="field-event_types' in body
    assert body.count("checked") == 1
    assert Consumer.objects.count() == 0


def test_another_organisations_company_cannot_be_chosen(scene: Scene) -> None:
    other = CompanyFactory.create(name="Foreign Ltd")
    body = send(scene, "webhook-add", url=URL, company=str(other.pk)).content.decode()
    assert "Foreign Ltd" not in body
    assert "valid choice" in body
    assert Consumer.objects.count() == 0


def test_a_change_is_saved(scene: Scene, hook: Consumer) -> None:
    assert 'value="https://hooks.example.com/postroom?code=s3cret"' in page(scene, "webhook-change", hook.pk)
    send(scene, "webhook-change", hook.pk, url="https://b.example.com/", event_types=["sync.failed"])
    hook.refresh_from_db()
    assert (hook.url, hook.event_types, hook.company_id) == ("https://b.example.com/", ["sync.failed"], None)


def test_who_is_no_owner_does_not_see_what_may_be_secret_in_the_address(scene: Scene, hook: Consumer) -> None:
    Member.objects.update(role=Role.OPERATOR)
    for name in ("webhook", "webhook-change", "webhook-secret", "webhook-delete"):
        body = page(scene, name, hook.pk)
        assert "s3cret" not in body
        assert "<button" not in body.partition("<main")[2]


def test_a_new_secret_is_asked_for_made_and_shown_once(scene: Scene, hook: Consumer) -> None:
    old = hook.secrets["signing"]
    assert "cannot be undone" in page(scene, "webhook-secret", hook.pk)
    body = send(scene, "webhook-secret", hook.pk, hint=hook.hint).content.decode()
    row = Consumer.objects.get()
    assert row.secrets["signing"] in body
    assert (row.secrets["previous"], row.hint) == (old, row.secrets["signing"][-4:])
    again = send(scene, "webhook-secret", hook.pk, hint=hook.hint).content.decode()
    assert "nothing was done" in again
    assert Consumer.objects.get().secrets == row.secrets


def test_a_test_leads_to_its_message(scene: Scene, hook: Consumer) -> None:
    body = send(scene, "webhook-test", hook.pk).content.decode()
    row = Dispatch.objects.get()
    assert row.announcement.type == "webhook.test"
    assert "hx-get" in body
    assert services.TEST_SAYS in body.replace("&quot;", '"')
    Dispatch.objects.update(state=DispatchState.ARRIVED, next_try_at=None)
    assert "hx-get" not in page(scene, "webhook-message", hook.pk, row.pk)


def test_it_is_switched_off_and_on(scene: Scene, hook: Consumer) -> None:
    body = send(scene, "webhook-switch", hook.pk, off="yes").content.decode()
    assert "It is switched off since" in body
    assert "Send a test</button>" not in body
    assert "Switch it on first" in send(scene, "webhook-test", hook.pk).content.decode()
    body = send(scene, "webhook-switch", hook.pk, on="yes").content.decode()
    assert "Send a test</button>" in body


def test_it_is_deleted_after_a_question_that_says_what_is_lost(scene: Scene, hook: Consumer) -> None:
    a_dispatch(hook)
    a_dispatch(hook)
    body = page(scene, "webhook-delete", hook.pk)
    assert "2 messages that wait are not sent" in body
    assert "cannot be undone" in body
    body = send(scene, "webhook-delete", hook.pk).content.decode()
    assert "No webhook yet" in body
    assert scene.client.get(reverse("desk:webhook", args=[scene.tenant.pk, hook.pk])).status_code == 404


def test_messages_are_listed_by_state_and_tell_their_tries(scene: Scene, hook: Consumer) -> None:
    arrived = a_dispatch(hook, state=DispatchState.ARRIVED, next_try_at=None, status_code=204)
    failed = a_dispatch(
        hook, state=DispatchState.GIVEN_UP, next_try_at=None, tries=8, problem="Answered 500: <script>x</script>",
        tries_told=[{"at": "2026-11-20T10:00:00.000Z", "status": 500, "milliseconds": 1234,
                     "problem": "Answered 500: <script>x</script>"}],
    )  # fmt: skip
    links = {row.pk: reverse("desk:webhook-message", args=[scene.tenant.pk, hook.pk, row.pk]) for row in
             (arrived, failed)}  # fmt: skip
    assert all(link in page(scene, "webhook", hook.pk) for link in links.values())
    body = page(scene, "webhook", hook.pk, state="given-up")
    assert (links[failed.pk] in body, links[arrived.pk] in body) == (True, False)
    body = page(scene, "webhook-message", hook.pk, failed.pk)
    assert "&lt;script&gt;x" in body
    assert "<script>x" not in body
    assert "1,234 ms" in body


def test_one_message_and_all_that_failed_are_sent_again(scene: Scene, hook: Consumer) -> None:
    failed = a_dispatch(hook, state=DispatchState.GIVEN_UP, next_try_at=None)
    a_dispatch(hook, state=DispatchState.GIVEN_UP, next_try_at=None)
    answer = send(scene, "webhook-replay", hook.pk, failed.pk)
    again = Dispatch.objects.get(replay_of=failed)
    assert answer.redirect_chain[0][0].endswith(f"/{again.pk}/")
    body = send(scene, "webhook-replay-failed", hook.pk, days="7").content.decode()
    assert "1 message is sent again" in body
    assert "There was none" in send(scene, "webhook-replay-failed", hook.pk, days="7").content.decode()
    assert "Choose how far back" in send(scene, "webhook-replay-failed", hook.pk, days="x").content.decode()
    assert AuditEvent.objects.filter(verb="webhook.replayed", who=scene.user.get_username()).count() == 3


def test_a_message_of_another_webhook_of_ones_own_is_not_found_under_this_one(scene: Scene, hook: Consumer) -> None:
    other = a_dispatch(a_consumer(URL, scene.tenant.pk)[0])
    address = reverse("desk:webhook-message", args=[scene.tenant.pk, hook.pk, other.pk])
    assert scene.client.get(address).status_code == 404
    huge = reverse("desk:webhook-message", args=[scene.tenant.pk, hook.pk, 10**30])
    assert scene.client.get(huge).status_code == 404


def test_the_pages_cost_the_same_with_few_and_many_rows(scene: Scene, hook: Consumer) -> None:
    costs, body = list[tuple[int, int]](), ""
    for count in (2, PAGE_SIZE + 5):
        for _ in range(count):
            a_dispatch(hook)
        for _ in range(count // 10):
            a_consumer(URL, scene.tenant.pk)
        with CaptureQueriesContext(connection) as of_one:
            body = page(scene, "webhook", hook.pk)
        with CaptureQueriesContext(connection) as of_all:
            page(scene, "webhooks")
        costs.append((len(of_one), len(of_all)))
    assert costs[0] == costs[1]
    assert 'rel="next"' in body


def test_failing_and_switched_off_are_words_with_shapes(scene: Scene, hook: Consumer) -> None:
    now = timezone.now()
    for changes, word in (
        ({}, "On"),
        ({"failing_since": now - timedelta(days=2)}, "Failing"),
        ({"disabled_at": now, "disabled_why": "Nothing arrived for five days."}, "Switched off"),
        ({"disabled_why": ""}, "Off"),
    ):
        Consumer.objects.update(**changes)
        body = page(scene, "webhooks")
        assert f"</svg>{word}</span>" in body


def test_staff_switch_off_and_send_again_and_see_no_secret(scene: Scene, hook: Consumer, client: Any) -> None:
    secret = hook.secrets["signing"]
    message = a_dispatch(hook, state=DispatchState.GIVEN_UP, next_try_at=None)
    client.force_login(StaffFactory())
    for address in (
        reverse("admin:events_consumer_changelist"),
        reverse("admin:events_consumer_change", args=[hook.pk]),
        reverse("admin:events_dispatch_change", args=[message.pk]),
        reverse("admin:events_announcement_change", args=[message.announcement_id]),
    ):
        body = client.get(address).content.decode()
        assert secret not in body
        assert "s3cret" not in body
    client.post(reverse("admin:events_dispatch_replay", args=[message.pk]), {"confirmed": "yes"})
    assert Dispatch.objects.filter(replay_of=message).count() == 1
    client.post(reverse("admin:events_consumer_disable", args=[hook.pk]), {"confirmed": "yes"})
    hook.refresh_from_db()
    assert hook.disabled_at is not None
