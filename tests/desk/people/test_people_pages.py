"""The pages of an organisation: who belongs to it, who is invited, its name and its clock."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from portal.events.models import AuditEvent
from portal.tenants.models import Invitation, Member, Role
from tests.desk.scene import Scene
from tests.factories import MemberFactory, TenantFactory, UserFactory
from tests.tenants.people import an_owner, invited, with_app


def page(name: str, scene: Scene, *ids: Any) -> str:
    return reverse(f"desk:{name}", args=[scene.tenant.pk, *ids])


def member(scene: Scene, role: Role = Role.VIEWER, **user: Any) -> Member:
    made: Member = MemberFactory.create(
        tenant=scene.tenant, role=role, **{f"user__{name}": value for name, value in user.items()}
    )
    return made


def of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_owners_see_who_belongs_there_and_how_they_log_in(scene: Scene) -> None:
    kim = member(scene, Role.OPERATOR, username="kim", email="kim@example.org")
    with_app(kim.user)
    body = scene.client.get(page("people", scene)).content.decode()
    row = body[body.index("kim@example.org") :]
    assert [word in row for word in ("Operator", "Never", "Set up")] == [True] * 3
    assert body.index(scene.user.username) < body.index("kim"), "owners first"


def test_others_see_names_and_roles_alone(scene: Scene) -> None:
    kim = member(scene, username="kim")
    invited(Member.objects.get(user=scene.user), "pat@example.org")
    response = of(kim.user).get(page("people", scene))
    assertContains(response, scene.user.username)
    for hidden in ("Last log-in", "Second factor", "pat@example.org", "Send the invitation"):
        assertNotContains(response, hidden)


def test_the_number_of_queries_does_not_grow_with_the_people(scene: Scene, django_assert_num_queries: Any) -> None:
    owner, client = Member.objects.get(user=scene.user), scene.client
    client.get(page("people", scene))
    with django_assert_num_queries(6):
        client.get(page("people", scene))
    for number in range(5):
        member(scene)
        invited(owner, f"person{number}@example.org")
    with django_assert_num_queries(6):
        client.get(page("people", scene))


def test_an_owner_invites_somebody(scene: Scene) -> None:
    response = scene.client.post(page("invite", scene), {"email": "kim@example.org", "role": "operator"}, follow=True)
    assertContains(response, "The invitation went to kim@example.org")
    assertContains(response, "Not accepted yet")
    assert mail.outbox[0].to == ["kim@example.org"]
    assert AuditEvent.objects.get(verb="member.invited").who == scene.user.username


def test_what_is_wrong_stands_at_the_field_and_nothing_is_lost(scene: Scene) -> None:
    response = scene.client.post(page("invite", scene), {"email": "no address", "role": "boss"})
    assertContains(response, 'value="no address"')
    assertContains(response, 'href="#field-email"')
    assertContains(response, 'href="#field-role"')
    response = scene.client.post(page("invite", scene), {"email": scene.user.email, "role": "viewer"})
    assertContains(response, f"{scene.user.email} belongs to {scene.tenant} already.")
    assert not Invitation.objects.exists()


def test_a_mail_that_did_not_leave_is_said_to_be_so(scene: Scene, settings: Any) -> None:
    settings.EMAIL_BACKEND = "nowhere.Backend"
    response = scene.client.post(page("invite", scene), {"email": "kim@example.org", "role": "viewer"}, follow=True)
    assertContains(response, "its mail to kim@example.org could not be sent")
    assertContains(response, "Send again")


def test_an_invitation_is_sent_again_and_revoked(scene: Scene) -> None:
    row, _ = invited(Member.objects.get(user=scene.user))
    assertContains(scene.client.post(page("invitation-again", scene, row.pk), follow=True), "The invitation went to")
    response = scene.client.post(page("invitation-again", scene, row.pk), follow=True)
    assertContains(response, "not open any more")
    newest = Invitation.objects.get(revoked_at=None)
    response = scene.client.post(page("invitation-revoke", scene, newest.pk), follow=True)
    assertContains(response, "its link is good no more")
    assertContains(response, "Nobody is invited at the moment")


def test_a_role_changes_and_the_only_owner_keeps_theirs(scene: Scene) -> None:
    kim = member(scene, username="kim")
    response = scene.client.post(page("member", scene, kim.pk), {"role": "owner"})
    assertRedirects(response, page("people", scene))
    assert Member.objects.get(pk=kim.pk).role == Role.OWNER
    of(kim.user).post(page("member", scene, kim.pk), {"role": "viewer"})
    me = Member.objects.get(user=scene.user)
    assertContains(scene.client.get(page("member", scene, me.pk)), "is the only owner")
    assertContains(scene.client.post(page("member", scene, me.pk), {"role": "viewer"}), "is the only owner")
    assert Member.objects.get(pk=me.pk).role == Role.OWNER


def test_taking_somebody_out_asks_first_and_works_at_once(scene: Scene) -> None:
    kim = member(scene, username="kim")
    theirs = of(kim.user)
    assert theirs.get(page("people", scene)).status_code == 200
    assertContains(scene.client.get(page("member-remove", scene, kim.pk)), "What happens")
    assert Member.objects.filter(pk=kim.pk).exists()
    response = scene.client.post(page("member-remove", scene, kim.pk), follow=True)
    assertContains(response, "kim does not belong to")
    assert theirs.get(page("people", scene)).status_code == 404
    assert scene.client.post(page("member-remove", scene, kim.pk)).status_code == 404


@pytest.mark.parametrize("role", Role)
def test_people_may_leave_whatever_their_role(scene: Scene, role: Role) -> None:
    kim = member(scene, role)
    client = of(kim.user)
    assertContains(client.get(page("leave", scene)), "What happens")
    assertRedirects(client.post(page("leave", scene)), "/", fetch_redirect_response=False)
    assert not Member.objects.filter(pk=kim.pk).exists()
    assert AuditEvent.objects.get(verb="member.removed").who == kim.user.username


def test_the_only_owner_does_not_leave(scene: Scene) -> None:
    assertNotContains(scene.client.get(page("leave", scene)), ">Leave</button>")
    assertContains(scene.client.post(page("leave", scene), follow=True), "Make somebody else an owner first")
    assert Member.objects.filter(user=scene.user).exists()


def test_nobody_leaves_what_they_do_not_belong_to(scene: Scene) -> None:
    stranger = an_owner()
    for client, status in ((of(stranger.user), 404), (of(UserFactory.create(is_superuser=True)), 404)):
        assert client.get(page("leave", scene)).status_code == status
        assert client.post(page("leave", scene)).status_code == status
    assert Client().post(page("leave", scene)).headers["Location"].startswith("/accounts/login/")
    assert Member.objects.filter(tenant=scene.tenant).count() == 1


def test_the_organisation_has_another_name_and_clock(scene: Scene) -> None:
    data = {"name": " Northgate  plc", "time_zone": "America/New_York"}
    assertContains(scene.client.post(page("organisation", scene), data, follow=True), "Saved.")
    scene.tenant.refresh_from_db()
    assert (scene.tenant.name, scene.tenant.time_zone) == ("Northgate plc", "America/New_York")
    wrong = scene.client.post(page("organisation", scene), {"name": "www.example.org", "time_zone": "Mars/Olympus"})
    assertContains(wrong, 'href="#field-name"')
    assertContains(wrong, 'href="#field-time_zone"')


def test_an_old_name_of_a_time_zone_may_stay(scene: Scene) -> None:
    scene.tenant.time_zone = "GB"
    scene.tenant.save()
    data = {"name": "Northgate plc", "time_zone": "GB"}
    assert scene.client.post(page("organisation", scene), data).status_code == 302


def test_the_list_of_organisations_is_ones_own(scene: Scene) -> None:
    address = reverse("desk:organisations")
    assertRedirects(scene.client.get(address), page("organisation", scene))
    other = TenantFactory.create(name="Second Trust")
    TenantFactory.create(name="Somebody else")
    MemberFactory.create(tenant=other, user=scene.user, role=Role.VIEWER)
    response = scene.client.get(address)
    assertContains(response, "Second Trust")
    assertNotContains(response, "Somebody else")
    assert Client().get(address).status_code == 302
    assertContains(of(UserFactory.create()).get(address), "You belong to no organisation yet")
