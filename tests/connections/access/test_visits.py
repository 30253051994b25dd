"""A person's visit at a vendor, through the doors: begun by a form, agreed over there, finished once."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.errors import Retryable
from integrations.linking import Departure
from portal.connections import onlookers
from portal.connections.access import grants, visits
from portal.connections.access.linked import CannotLink, unlink
from portal.connections.access.models import AccessGrant, Visit, VisitOutcome
from portal.connections.models import Connection, Side, Status
from portal.digests import digest
from portal.events.models import AuditEvent
from portal.tenants.models import Member, Role
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import Agreed, Vendor
from tests.factories import MemberFactory, StaffFactory, TenantFactory, UserFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
NEXT = "/admin/connections/connection/"


@dataclass
class Traveller:
    """Somebody with a browser."""

    user: User
    browser: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        self.browser.force_login(self.user)

    def leave(self, connection: Connection, next_url: str = NEXT) -> str:
        """Where the button leads, over there."""
        shown = self.browser.post(reverse("connections:depart", args=[connection.pk]), {"next": next_url})
        assert shown.status_code == 200
        [url] = re.findall(r'href="([^"]*)" rel="noreferrer"', shown.content.decode())
        return unescape(url)

    def agree(self, url: str) -> str:
        """What the vendor sends the browser back to: our path with its query."""
        answered = requests.get(url, allow_redirects=False, timeout=10)
        parts = urlsplit(answered.headers["Location"])
        assert f"{parts.scheme}://{parts.netloc}" == "http://127.0.0.1:8000"
        return f"{parts.path}?{parts.query}"

    def travel(self, connection: Connection) -> Any:
        """There and back."""
        return self.browser.get(self.agree(self.leave(connection)))


def said(answered: Any) -> list[tuple[str, str]]:
    """What the next page tells."""
    return [(one.level_tag, one.message) for one in get_messages(answered.wsgi_request)]


def row(connection: Connection) -> tuple[str, str, str]:
    """Where the connection stands."""
    connection.refresh_from_db()
    return connection.status, connection.external_company_id, connection.external_company_name


@pytest.fixture
def connection(vendor: Vendor) -> Connection:
    """One that nobody has authorised yet."""
    return linked(vendor, status=Status.PENDING_AUTH)


@pytest.fixture
def sam(db: None) -> Traveller:
    """Staff."""
    return Traveller(StaffFactory.create(username="sam"))


NOBODY_YET = (Status.PENDING_AUTH, "", "")
NORTHGATE = (Status.LINKED, "1042", "Northgate Ltd")


def test_a_person_who_agrees_over_there_links_the_connection(
    sam: Traveller, connection: Connection, vendor: Vendor
) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        back = sam.travel(connection)
        assert (back.status_code, back["Location"]) == (302, NEXT)
        assert said(back) == [("success", f"{connection.company} is linked to Northgate Ltd at Agreed Books.")]
        assert row(connection) == NORTHGATE
        assert (connection.linked_at, connection.told_at) == (timezone.now(), timezone.now())
        assert connection.told == {"arrived": "yes", "status": "linked", "kinds": ["invoice"]}
        assert connection.taken_kinds == ["invoice"]
    grant = grants.read(connection)
    assert (grant.token and grant.token.access, grant.generation, grant.lease) == ("access-1", 1, None)
    assert vendor.asked == ["authorization_code"]
    [visit] = Visit.objects.all()
    assert (visit.outcome, visit.user, visit.secrets, visit.used_at) == (
        VisitOutcome.LINKED, sam.user, {}, connection.linked_at,
    )  # fmt: skip
    assert list(AuditEvent.objects.filter(verb__startswith="connection.").values_list("verb", "who")) == [
        ("connection.linked", "sam")
    ]


def test_what_goes_away_carries_a_state_of_which_only_a_keyed_digest_stays(
    sam: Traveller, connection: Connection, vendor: Vendor
) -> None:
    query = parse_qs(urlsplit(sam.leave(connection)).query)
    [state] = query["state"]
    [visit] = Visit.objects.all()
    assert len(state) == 43
    assert visit.state_digest == digest(state)
    assert visit.session_digest == digest(sam.browser.session.session_key or "")
    assert (visit.good_until - visit.began_at).total_seconds() == 600
    assert query["redirect_uri"] == ["http://127.0.0.1:8000/link/back/"] == [visit.return_url]
    assert list(visit.secrets) == ["verifier"]
    assert sam.leave(connection) != sam.leave(connection)


def test_a_person_who_says_no_changes_nothing(sam: Traveller, connection: Connection, vendor: Vendor) -> None:
    vendor.says = "no"
    back = sam.travel(connection)
    assert (back["Location"], said(back)) == (
        NEXT, [("warning", "You did not agree at Agreed Books. Nothing was linked.")],
    )  # fmt: skip
    assert row(connection) == NOBODY_YET
    assert [one.outcome for one in Visit.objects.all()] == [VisitOutcome.CANCELLED]
    assert not AccessGrant.objects.exists()


def test_what_the_vendor_refuses_is_said_and_changes_nothing(
    sam: Traveller, connection: Connection, vendor: Vendor
) -> None:
    vendor.secret = "another one"
    back = sam.travel(connection)
    [(level, message)] = said(back)
    assert (level, "does not accept the credentials" in message) == ("error", True)
    assert row(connection) == NOBODY_YET
    assert [one.outcome for one in Visit.objects.all()] == [VisitOutcome.FAILED]


def test_a_lost_answer_fails_the_visit_and_the_next_one_links(
    sam: Traveller, connection: Connection, vendor: Vendor
) -> None:
    vendor.lose = 1
    sam.travel(connection)
    assert row(connection) == NOBODY_YET
    sam.travel(connection)
    assert row(connection) == NORTHGATE


def test_a_survey_that_fails_does_not_cost_the_link_and_is_due_at_once(
    sam: Traveller, connection: Connection, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def survey(self: Agreed) -> Any:
        raise Retryable("It is busy.")

    monkeypatch.setattr(Agreed, "survey", survey)
    sam.travel(connection)
    assert row(connection) == NORTHGATE
    assert (connection.told, connection.told_at) == ({"arrived": "yes"}, None)


def test_a_deauthorised_connection_is_linked_again_by_a_visit(
    sam: Traveller, connection: Connection, vendor: Vendor
) -> None:
    sam.travel(connection)
    Connection.objects.update(status=Status.DEAUTHORISED)
    sam.travel(connection)
    assert row(connection) == NORTHGATE
    assert grants.read(connection).generation == 2
    assert AuditEvent.objects.filter(verb="connection.linked_again").count() == 1


def test_another_company_over_there_changes_nothing(sam: Traveller, connection: Connection, vendor: Vendor) -> None:
    sam.travel(connection)
    Connection.objects.update(status=Status.DEAUTHORISED)
    vendor.company = {"id": "2000", "name": "Harbour Street Ltd"}
    back = sam.travel(connection)
    assert said(back)[0][1] == (
        "You authorised Harbour Street Ltd, but this connection belongs to Northgate Ltd at Agreed Books. "
        "Nothing was changed. Authorise Northgate Ltd, or unlink the connection first."
    )
    assert row(connection) == (Status.DEAUTHORISED, "1042", "Northgate Ltd")
    assert grants.read(connection).generation == 1
    assert Visit.objects.latest("began_at").outcome == VisitOutcome.ANOTHER_COMPANY


@pytest.mark.parametrize(
    "status,outcome",
    [
        (Status.LINKED, VisitOutcome.TAKEN),
        (Status.DEAUTHORISED, VisitOutcome.TAKEN),
        (Status.UNLINKED, VisitOutcome.LINKED),
    ],
)
def test_a_company_over_there_belongs_to_one_connection_of_this_installation(
    sam: Traveller, connection: Connection, vendor: Vendor, status: Status, outcome: VisitOutcome
) -> None:
    other = linked(vendor, status=status)
    Connection.objects.filter(pk=other.pk).update(external_company_id="1042")
    sam.travel(connection)
    assert [one.outcome for one in Visit.objects.all()] == [outcome]
    assert row(connection) == (NORTHGATE if outcome is VisitOutcome.LINKED else NOBODY_YET)
    assert AccessGrant.objects.count() == (outcome is VisitOutcome.LINKED)


def test_the_same_id_at_another_address_is_another_company(
    sam: Traveller, connection: Connection, vendor: Vendor
) -> None:
    other = linked(vendor)
    elsewhere = {**other.settings, "base_url": "https://other.example"}
    Connection.objects.filter(pk=other.pk).update(external_company_id="1042", settings=elsewhere)
    sam.travel(connection)
    assert row(connection) == NORTHGATE


# Back on a way that was not begun here


@dataclass
class Scene:
    """A visit that would succeed, and everything that a test may spoil first."""

    sam: Traveller
    connection: Connection
    path: str
    clock: time_machine.Traveller
    who: Client

    def used(self) -> None:
        """It was finished before."""
        assert self.who.get(self.path).status_code == 302

    def too_late(self) -> None:
        """Ten minutes are over."""
        self.clock.shift(600)

    def unknown(self) -> None:
        """Nobody made this state."""
        self.path = "/link/back/?code=code-1&state=made-up"

    def none(self) -> None:
        """There is no state at all."""
        self.path = "/link/back/"

    def another_session(self) -> None:
        """The same person in another browser."""
        self.who = Client()
        self.who.force_login(self.sam.user)

    def another_person(self) -> None:
        """Somebody else in the same browser, who keeps its session's key."""
        session = self.who.session
        other = StaffFactory.create()
        session["_auth_user_id"], session["_auth_user_hash"] = str(other.pk), other.get_session_auth_hash()
        session.save()

    def logged_out(self) -> None:
        """Nobody at all."""
        self.who = Client()

    def no_rights_any_more(self) -> None:
        """The person may not link it any more."""
        User.objects.filter(pk=self.sam.user.pk).update(is_staff=False, is_superuser=False)

    def unlinked(self) -> None:
        """The connection came to its end."""
        unlink(self.connection, who="tests", why="It moves.")


SPOILS = [
    Scene.used, Scene.too_late, Scene.unknown, Scene.none, Scene.another_session, Scene.another_person,
    Scene.logged_out, Scene.no_rights_any_more, Scene.unlinked,
]  # fmt: skip


@pytest.fixture
def scene(sam: Traveller, connection: Connection) -> Iterator[Scene]:
    """Somebody who agreed over there, and comes back now."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        path = sam.agree(sam.leave(connection))
        yield Scene(sam, connection, path, clock, sam.browser)


@pytest.fixture
def plain_page(client: Client, db: None) -> bytes:
    """What somebody gets who was never here."""
    answered = client.get("/link/back/?error=access_denied&state=x")
    assert answered.status_code == 400
    assert b"Nothing was linked" in answered.content
    return answered.content


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda one: one.__name__)
def test_whatever_is_wrong_with_the_state_the_page_is_the_same_and_nothing_happens(
    scene: Scene, vendor: Vendor, plain_page: bytes, spoil: Any
) -> None:
    spoil(scene)
    before, asked = list(Connection.objects.values_list("status", "told", "linked_at")), list(vendor.asked)
    answered = scene.who.get(scene.path)
    assert (answered.status_code, answered.content) == (400, plain_page)
    assert list(Connection.objects.values_list("status", "told", "linked_at")) == before
    assert vendor.asked == asked


def test_a_state_that_came_with_the_wrong_session_is_still_good_in_the_right_one(scene: Scene) -> None:
    stranger = Client()
    assert stranger.get(scene.path).status_code == 400
    assert scene.who.get(scene.path).status_code == 302
    assert row(scene.connection) == NORTHGATE


# Who may


def staff_member(*permissions: str) -> User:
    """Staff with just these permissions."""
    user: User = UserFactory.create(is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    return user


def member(connection: Connection, role: Role) -> User:
    """A member of the connection's tenant."""
    user: User = MemberFactory.create(tenant=connection.company.tenant, role=role).user
    return user


def test_owners_and_staff_with_the_permission_may_link(connection: Connection) -> None:
    stranger: User = MemberFactory.create(tenant=TenantFactory.create(), role=Role.OWNER).user
    gone = member(connection, Role.OWNER)
    people = {
        "owner": member(connection, Role.OWNER), "operator": member(connection, Role.OPERATOR),
        "viewer": member(connection, Role.VIEWER), "owner of another tenant": stranger, "who left": gone,
        "staff": staff_member("change_connection"), "staff who look": staff_member("view_connection"),
    }  # fmt: skip
    travellers = {name: Traveller(user) for name, user in people.items()}
    gone.is_active = False
    gone.save()
    assert [name for name, user in people.items() if visits.may_link(user, connection)] == ["owner", "staff"]
    url = reverse("connections:depart", args=[connection.pk])
    answers = {name: one.browser.post(url, {"next": "/"}).status_code for name, one in travellers.items()}
    assert answers == {
        "owner": 200, "operator": 404, "viewer": 404, "owner of another tenant": 404, "who left": 302, "staff": 200,
        "staff who look": 404,
    }  # fmt: skip


def test_an_owner_who_left_meanwhile_links_nothing(connection: Connection, plain_page: bytes) -> None:
    owner = Traveller(member(connection, Role.OWNER))
    path = owner.agree(owner.leave(connection))
    Member.objects.all().delete()
    answered = owner.browser.get(path)
    assert (answered.status_code, answered.content) == (400, plain_page)
    assert row(connection) == NOBODY_YET


# Leaving


@pytest.mark.parametrize("wished", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "", "/\\evil"])
def test_a_person_is_only_sent_on_to_a_page_of_ours(sam: Traveller, connection: Connection, wished: str) -> None:
    sam.leave(connection, wished)
    assert [one.next_url for one in Visit.objects.all()] == ["/"]
    with pytest.raises(ValueError, match="a page of ours"):
        visits.begin(connection, user=sam.user, session_key="s", next_url=wished)


def test_the_way_out_is_a_form_and_needs_somebody_who_is_logged_in(sam: Traveller, connection: Connection) -> None:
    url = reverse("connections:depart", args=[connection.pk])
    assert sam.browser.get(url).status_code == 405
    asked = Client().post(url, {"next": NEXT})
    assert (asked.status_code, asked["Location"]) == (302, f"/accounts/login/?next={NEXT}")
    assert Client(enforce_csrf_checks=True).post(url).status_code == 403


def test_a_connection_that_is_linked_by_its_form_has_nothing_to_authorise(sam: Traveller, vendor: Vendor) -> None:
    connection = linked(vendor, way="form")
    answered = sam.browser.post(reverse("connections:depart", args=[connection.pk]), {"next": NEXT})
    assert (answered["Location"], said(answered)) == (
        NEXT, [("error", f"{connection} is not linked by a visit: there is nothing to authorise.")],
    )  # fmt: skip


def test_an_unlinked_connection_is_not_authorised_again(sam: Traveller, connection: Connection) -> None:
    unlink(connection, who="tests", why="It moves.")
    with pytest.raises(CannotLink):
        visits.begin(connection, user=sam.user, session_key="s", next_url=NEXT)


def test_an_address_that_is_none_is_followed_by_nobody(
    sam: Traveller, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Agreed, "depart", lambda *_, **__: Departure(url="javascript:alert(1)"))
    answered = sam.browser.post(reverse("connections:depart", args=[connection.pk]), {"next": NEXT})
    assert "gave an address to authorise at that is none" in said(answered)[0][1]
    assert not Visit.objects.exists()


def test_who_waits_for_a_vendor_takes_no_more_than_a_share_of_the_threads(
    sam: Traveller, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onlookers, "MOST", 0)
    answered = sam.browser.post(reverse("connections:depart", args=[connection.pk]), {"next": NEXT})
    assert said(answered) == [("error", onlookers.BUSY)]


# Two at once


@pytest.mark.django_db(transaction=True)
def test_of_two_who_bring_the_same_company_at_once_one_gets_it(vendor: Vendor) -> None:
    two = [linked(vendor, status=Status.PENDING_AUTH) for _ in range(2)]
    sams = [Traveller(StaffFactory.create()) for _ in two]
    paths = [sam.agree(sam.leave(connection)) for sam, connection in zip(sams, two, strict=True)]
    vendor.gate = threading.Event()

    def come_back(sam: Traveller, path: str) -> None:
        sam.browser.get(path)
        connections.close_all()

    threads = [threading.Thread(target=come_back, args=one) for one in zip(sams, paths, strict=True)]
    for thread in threads:
        thread.start()
    vendor.gate.set()
    for thread in threads:
        thread.join(30)
    assert sorted(Visit.objects.values_list("outcome", flat=True)) == [VisitOutcome.LINKED, VisitOutcome.TAKEN]
    assert sorted(Connection.objects.values_list("status", flat=True)) == [Status.LINKED, Status.PENDING_AUTH]


def test_one_state_that_comes_twice_at_once_is_used_once(
    sam: Traveller, connection: Connection, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real, answers = sam.agree(sam.leave(connection)), visits.may_link, []

    def overtaken(user: Any, connection: Connection) -> bool:
        """The second one arrives after the first has found the visit, and before it has used it up."""
        monkeypatch.setattr(visits, "may_link", real)
        answers.append(sam.browser.get(path).status_code)
        return real(user, connection)

    monkeypatch.setattr(visits, "may_link", overtaken)
    answers.append(sam.browser.get(path).status_code)
    assert answers == [302, 400]
    assert vendor.asked == ["authorization_code"]
    assert row(connection) == NORTHGATE


# The end


def test_an_unlinked_connection_keeps_no_secret_and_no_token(
    sam: Traveller, connection: Connection, vendor: Vendor
) -> None:
    sam.travel(connection)
    sam.leave(connection)
    assert unlink(connection, who="sam", why="They moved to other books.")
    assert row(connection) == (Status.UNLINKED, "1042", "Northgate Ltd")
    assert connection.secrets == {}
    assert not AccessGrant.objects.exists()
    assert not Visit.objects.filter(used_at=None).exists()
    assert AuditEvent.objects.filter(verb="connection.unlinked", message__contains="other books").count() == 1
    assert not unlink(connection, who="sam", why="Once more.")
    assert AuditEvent.objects.filter(verb="connection.unlinked").count() == 1
    again = linked(vendor, status=Status.PENDING_AUTH)
    assert again.side == Side.ACCOUNTING
    sam.travel(again)
    assert row(again) == NORTHGATE
