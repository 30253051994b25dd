"""What members hear by mail: their own choice, proved addresses, their own companies, and a link that ends it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail, signing
from django.test import Client
from django.utils import timezone

from portal.connections.services import deauthorise
from portal.desk.company_settings.readers import Ticket, readers
from portal.events.mailing import alert
from portal.events.models import AuditEvent, Matter
from portal.postings.accept import accept
from portal.postings.destination import Destination
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.sync.models import SyncState
from portal.tenants.mail_choices import Sort, Wish, choose
from portal.tenants.models import Company, Digest, MailChoice, Member, Role
from tests.desk.company_settings.conftest import of_tenant, page, said, text_of, with_role
from tests.desk.scene import Scene, a_scene
from tests.desk.syncs import a_sync
from tests.desk.test_frame import FROM_OUTSIDE, INLINE
from tests.factories import CompanyFactory, UserFactory, a_document, a_line

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("members_hear")]


@pytest.fixture(autouse=True)
def nobody_of_ours(settings: Any) -> None:
    settings.STAFF_ALERTS = []
    settings.BASE_URL = "https://post.example.com"


def me(scene: Scene) -> Member:
    return Member.objects.get(tenant=scene.tenant, user=scene.user)


def heard(scene: Scene) -> list[str]:
    return [one.address for one in readers([scene.company.pk]) if one.alerts]


def a_choice(scene: Scene, company: Company | None = None, **given: str) -> dict[str, str]:
    company = company or scene.company
    return {f"{company.pk}-digest": "never", **{f"{company.pk}-{name}": value for name, value in given.items()}}


# --- who hears --------------------------------------------------------------------------------------------------------


def test_unasked_owners_and_operators_hear_and_viewers_do_not(scene: Scene) -> None:
    with_role(scene.tenant, Role.OPERATOR, email="Otto@example.org")
    with_role(scene.tenant, Role.VIEWER, email="vera@example.org")
    assert heard(scene) == [scene.user.email, "otto@example.org"]


def test_a_choice_counts_more_than_the_role(scene: Scene) -> None:
    _, viewer = with_role(scene.tenant, Role.VIEWER, email="vera@example.org")
    choose(viewer, scene.company, Wish(True, Digest.NEVER), who="vera")
    choose(me(scene), scene.company, Wish(False, Digest.NEVER), who="me")
    assert heard(scene) == ["vera@example.org"]


def test_an_address_that_was_not_proved_hears_nothing(scene: Scene) -> None:
    row = EmailAddress.objects.create(user=scene.user, email=scene.user.email.upper(), verified=False)
    assert heard(scene) == []
    assert "not confirmed" in page(scene.client, of_tenant(scene, "mails"))
    row.verified = True
    row.save()
    assert heard(scene) == [scene.user.email]


def test_who_cannot_log_in_or_has_no_address_hears_nothing(scene: Scene) -> None:
    with_role(scene.tenant, Role.OWNER, is_active=False)
    with_role(scene.tenant, Role.OWNER, email="")
    assert heard(scene) == [scene.user.email]


def test_nobody_hears_of_a_closed_company_or_of_another_organisations(scene: Scene) -> None:
    other = a_scene()
    assert {one.address for one in readers([scene.company.pk, other.company.pk])} == {
        scene.user.email, other.user.email,
    }  # fmt: skip
    Company.objects.filter(pk=scene.company.pk).update(closed_at=timezone.now())
    assert heard(scene) == []


def test_who_hears_is_asked_in_as_many_queries_for_one_as_for_many(
    scene: Scene, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(3):
        heard(scene)
    for _ in range(10):
        with_role(scene.tenant, Role.OWNER)
    others = [CompanyFactory.create(tenant=scene.tenant).pk for _ in range(5)]
    with django_assert_num_queries(3):
        assert len(list(readers([scene.company.pk, *others]))) == 66


# --- of what ----------------------------------------------------------------------------------------------------------


def mails(now: Any = None) -> list[str]:
    alert(now)
    return [str(message.subject) for message in mail.outbox]


def test_a_posting_that_is_held_is_told_with_its_page_and_without_its_reason(demo: Scene) -> None:
    posting = demo.in_state(State.HELD)
    Posting.objects.filter(pk=posting.pk).update(reason="Two bills over 120.00 GBP match.")
    assert mails() == [f"{demo.company.name}: 1 transaction that needs a person"]
    body = str(mail.outbox[0].body)
    assert f"https://post.example.com/transactions/{posting.transaction.public_id}/" in body
    assert "120.00" not in body
    matter = Matter.objects.get(kind="posting.held")
    assert (matter.company_id, matter.tenant_id) == (demo.company.pk, demo.tenant.pk)


def test_a_refusal_after_a_number_was_told_is_told(demo: Scene) -> None:
    posting = demo.in_state(State.REJECTED)
    posting.transaction.answered_number = "P-000001"
    posting.transaction.save()
    assert mails() == [f"{demo.company.name}: 1 transaction that was refused after its sender was told a number"]


def test_many_refusals_for_want_of_a_setting_are_one_line(demo: Scene) -> None:
    for _ in range(3):
        posting = demo.in_state(State.REJECTED)
        Posting.objects.filter(pk=posting.pk).update(error_class="Misconfigured")
    assert mails() == [f"{demo.company.name}: 1 link where transactions were refused for want of a setting"]
    Posting.objects.update(error_class="")
    alert()
    assert Matter.objects.get(kind="posting.unmapped").settled_at is not None


def test_a_plain_refusal_was_answered_to_its_sender_and_is_not_told(demo: Scene) -> None:
    demo.in_state(State.REJECTED)
    assert mails() == []


def test_lost_access_is_told_to_owners_once(demo: Scene) -> None:
    with_role(demo.tenant, Role.OPERATOR)
    deauthorise(demo.connection, who="worker", why="The token was revoked.")
    now = timezone.now()
    for days in range(4):
        alert(now + days * timedelta(days=1))
    assert [message.to for message in mail.outbox] == [[demo.user.email]]
    assert mail.outbox[0].subject == f"{demo.company.name}: 1 link that does not accept our access any more"
    assert f"* Demo Books\n  https://post.example.com/companies/{demo.company.pk}/settings/" in mail.outbox[0].body


def test_a_sync_that_waits_for_confirmation_is_told(demo: Scene) -> None:
    run = a_sync(demo.connection, SyncState.VALIDATION_QUEUED)
    assert mails() == [f"{demo.company.name}: 1 sync of reference data that waits for confirmation"]
    assert f"/companies/{demo.company.pk}/reference/runs/{run.pk}/" in str(mail.outbox[0].body)


def test_what_came_again_with_other_content_is_told_for_a_day(demo: Scene) -> None:
    document = a_document()
    posting = accept(document, Destination.of(demo.connection), received_at=timezone.now()).posting
    Posting.objects.filter(pk=posting.pk).update(attempts_made=1, next_attempt_at=timezone.now())
    changed = a_document(external_id=document.external_id, lines=(a_line(account_code="5020"),))
    accept(changed, Destination.of(demo.connection), received_at=timezone.now())
    assert mails() == [f"{demo.company.name}: 1 transaction that came again with other content"]
    alert(timezone.now() + timedelta(days=2))
    assert Matter.objects.get(kind="transaction.contested").settled_at is not None
    assert len(mail.outbox) == 1


def test_one_organisations_matters_reach_nobody_elses_members(demo: Scene) -> None:
    other = a_scene(name="Elsewhere Ltd")
    demo.in_state(State.HELD)
    mails()
    assert [message.to for message in mail.outbox] == [[demo.user.email]]
    assert other.user.email not in str(mail.outbox[0].message())


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_everybody_chooses_for_themselves(scene: Scene, role: Role) -> None:
    client, member = with_role(scene.tenant, role)
    response = client.post(of_tenant(scene, "mails"), a_choice(scene, digest="weekly"), follow=True)
    assert said(response) == ["Saved."]
    row = MailChoice.objects.get()
    assert (row.member, row.company, row.alerts, row.digest) == (member, scene.company, False, "weekly")
    event = AuditEvent.objects.get(verb="mails.chosen")
    assert (event.who, event.company_id) == (member.user.username, scene.company.pk)


def test_what_was_chosen_already_is_not_told_again(scene: Scene) -> None:
    sent = [scene.client.post(of_tenant(scene, "mails"), a_choice(scene, alerts="on"), follow=True) for _ in range(2)]
    assert [said(response) for response in sent] == [["Nothing was different."]] * 2
    assert AuditEvent.objects.filter(verb="mails.chosen").count() == 0


def test_a_choice_that_makes_no_sense_changes_nothing(scene: Scene) -> None:
    for given in (a_choice(scene, digest="hourly"), {}):
        assert scene.client.post(of_tenant(scene, "mails"), given).status_code == 200
    assert MailChoice.objects.count() == 0


def test_nobody_chooses_for_another_organisation(scene: Scene) -> None:
    other = a_scene(name="Elsewhere Ltd")
    address = of_tenant(other, "mails")
    assert scene.client.get(address).status_code == 404
    assert scene.client.post(address, a_choice(other, alerts="on")).status_code == 404
    scene.client.post(of_tenant(scene, "mails"), {**a_choice(scene), **a_choice(other, digest="daily")})
    assert not MailChoice.objects.filter(company=other.company).exists()


def test_owners_see_what_everybody_hears_and_the_others_see_their_own(scene: Scene) -> None:
    client, member = with_role(scene.tenant, Role.OPERATOR)
    choose(member, scene.company, Wish(True, Digest.DAILY), who="otto")
    body = page(scene.client, of_tenant(scene, "mails"))
    assert "Who hears what" in body
    assert f"{scene.user.username}, {member.user.username}" in body
    assert "Who hears what" not in page(client, of_tenant(scene, "mails"))


def test_the_page_has_nothing_inline_and_a_label_for_every_field(scene: Scene) -> None:
    body = page(scene.client, of_tenant(scene, "mails"))
    assert (INLINE.findall(body), FROM_OUTSIDE.findall(body)) == ([], [])
    fields = re.findall(r'<(?:input|select)\b(?![^>]*type="hidden")[^>]*\sid="([^"]+)"', body)
    assert len(fields) == 2
    assert [field for field in fields if f'<label for="{field}">' not in body] == []


def test_the_page_costs_the_same_for_many(scene: Scene, django_assert_num_queries: Any) -> None:
    client, address = scene.client, of_tenant(scene, "mails")
    client.get(address)
    with django_assert_num_queries(8):
        client.get(address)
    for _ in range(5):
        with_role(scene.tenant, Role.OPERATOR)
        CompanyFactory.create(tenant=scene.tenant)
    with django_assert_num_queries(8):
        client.get(address)


def test_a_visitor_logs_in_first(scene: Scene) -> None:
    response = Client().get(of_tenant(scene, "mails"))
    assert response.headers["Location"].startswith("/accounts/login/?next=")


# --- the link that ends it --------------------------------------------------------------------------------------------


def a_link(scene: Scene, sort: Sort = Sort.ALERTS) -> str:
    return Ticket(me(scene).pk, scene.company.pk, sort).url.removeprefix("https://post.example.com")


def test_one_click_without_a_log_in_ends_this_choice_and_no_other(scene: Scene) -> None:
    """RFC 8058: the mail program posts by itself, without a cookie and without our token against forgery."""
    choose(me(scene), scene.company, Wish(True, Digest.DAILY), who="me")
    program = Client(enforce_csrf_checks=True)
    response = program.post(a_link(scene), {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    row = MailChoice.objects.get()
    assert (row.alerts, row.digest) == (False, "daily")
    program.post(a_link(scene, Sort.DIGEST), {"List-Unsubscribe": "One-Click"})
    row.refresh_from_db()
    assert (row.alerts, row.digest) == (False, "never")
    assert "sessionid" not in response.cookies


def test_looking_at_the_page_ends_nothing(scene: Scene) -> None:
    """Scanners of mails follow every link."""
    body = html.unescape(Client().get(a_link(scene)).content.decode())
    assert f"what waits for a person at {scene.company.name} end" in body
    assert MailChoice.objects.count() == 0
    assert heard(scene) == [scene.user.email]


def test_the_link_in_the_mail_is_that_link(demo: Scene) -> None:
    demo.in_state(State.HELD)
    mails()
    header = mail.outbox[0].message()["List-Unsubscribe"]
    assert header == f"<{Ticket(me(demo).pk, demo.company.pk, Sort.ALERTS).url}>"
    Client().post(header[len("<https://post.example.com") : -1])
    assert heard(demo) == []


@pytest.mark.parametrize("broken", ["x", "WzEsInkiXQ:1abc:def", "e30:1abc"])
def test_what_we_did_not_sign_changes_nothing(scene: Scene, broken: str) -> None:
    for method in ("get", "post"):
        response = getattr(Client(), method)(f"/mails/end/{broken}/")
        assert response.status_code == 404
        assert "This link is not whole" in text_of(response)
    assert MailChoice.objects.count() == 0


def test_a_link_is_good_for_nothing_else(scene: Scene) -> None:
    """Signed by us for another purpose, or for somebody who is no member any more."""
    other = signing.dumps([me(scene).pk, str(scene.company.pk), "alerts"], salt="another")
    assert Client().post(f"/mails/end/{other}/").status_code == 404
    link = a_link(scene)
    Member.objects.all().delete()
    assert Client().post(link).status_code == 200
    assert MailChoice.objects.count() == 0


def test_the_links_of_another_member_are_another_members(scene: Scene) -> None:
    member = Member.objects.create(tenant=scene.tenant, user=UserFactory.create(), role=Role.OWNER)
    Client().post(a_link(scene))
    assert heard(scene) == [member.user.email]
