"""People and organisations: edits leave exactly one audit event, and no secret is in reach."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from portal.events.models import AuditEvent
from portal.tenants.models import Company, Tenant
from tests.factories import PASSWORD, CompanyFactory, MemberFactory, TenantFactory, UserFactory

pytestmark = pytest.mark.django_db

NO_MEMBERS = {
    "members-TOTAL_FORMS": "0",
    "members-INITIAL_FORMS": "0",
    "members-MIN_NUM_FORMS": "0",
    "members-MAX_NUM_FORMS": "1000",
}


def test_a_tenant_is_made_with_its_members_in_one_step(staff: Client, boss: User) -> None:
    user = UserFactory.create()
    members = {**NO_MEMBERS, "members-TOTAL_FORMS": "1", "members-0-user": str(user.pk), "members-0-role": "owner"}
    data = {"name": "Northgate Group", "time_zone": "Europe/London", **members}
    assert staff.post("/admin/tenants/tenant/add/", data).status_code == 302
    tenant = Tenant.objects.get()
    assert [(member.user, member.role) for member in tenant.members.all()] == [(user, "owner")]
    event = AuditEvent.objects.get()
    assert (event.verb, event.who, event.subject_id) == ("tenant.added", "sam", str(tenant.pk))


def test_an_edit_names_the_fields_in_one_audit_event(staff: Client) -> None:
    company: Company = CompanyFactory.create()
    data = {"tenant": str(company.tenant.pk), "name": "New Name Ltd", "base_currency": "GBP"}
    assert staff.post(reverse("admin:tenants_company_change", args=[company.pk]), data).status_code == 302
    event = AuditEvent.objects.get()
    assert event.message == "Changed company New Name Ltd in the staff site."
    assert event.details == {"changes": [{"changed": {"fields": ["Name", "Live at"]}}]}


def test_a_company_stays_with_its_tenant_and_in_a_currency_that_exists(staff: Client) -> None:
    company: Company = CompanyFactory.create(name="Before Ltd")
    page, other = reverse("admin:tenants_company_change", args=[company.pk]), TenantFactory.create()
    data = {"tenant": str(other.pk), "name": "After Ltd", "base_currency": "gpb"}
    errors = staff.post(page, data).context["adminform"].form.errors
    assert errors == {"base_currency": ["“GPB” is no ISO 4217 code of a currency. GBP is one."]}
    staff.post(page, {**data, "base_currency": "eur"})
    after = Company.objects.get(pk=company.pk)
    assert (after.name, after.base_currency, after.tenant) == ("After Ltd", "EUR", company.tenant)


def test_a_time_zone_must_exist(staff: Client) -> None:
    data = {"name": "Northgate Group", "time_zone": "Europe/Londn", **NO_MEMBERS}
    errors = staff.post("/admin/tenants/tenant/add/", data).context["adminform"].form.errors
    assert errors == {"time_zone": ["There is no time zone “Europe/Londn”. Europe/London is one."]}


def test_deleting_an_empty_tenant_is_told(staff: Client) -> None:
    tenant = TenantFactory.create(name="Typed twice")
    staff.post(reverse("admin:tenants_tenant_delete", args=[tenant.pk]), {"post": "yes"})
    assert not Tenant.objects.exists()
    assert AuditEvent.objects.get().message == "Deleted tenant Typed twice in the staff site."


def test_a_tenant_with_companies_is_not_deleted(staff: Client) -> None:
    company = CompanyFactory.create()
    staff.post(reverse("admin:tenants_tenant_delete", args=[company.tenant.pk]), {"post": "yes"})
    assert Tenant.objects.count() == 1


def test_the_company_page_leads_to_everything_about_it(staff: Client) -> None:
    company = CompanyFactory.create()
    text = staff.get(reverse("admin:tenants_company_change", args=[company.pk])).content.decode()
    for address in ("postings/posting", "postings/transaction", "intake/delivery"):
        assert f"/admin/{address}/?company={company.pk}" in text
        assert staff.get(f"/admin/{address}/?company={company.pk}").status_code == 200


def test_the_audit_link_of_a_row_shows_its_events_alone(staff: Client) -> None:
    first, second = TenantFactory.create(), TenantFactory.create()
    for tenant in (first, second):
        data = {"name": f"{tenant.name} plc", "time_zone": "UTC", **NO_MEMBERS}
        staff.post(reverse("admin:tenants_tenant_change", args=[tenant.pk]), data)
    link = f"/admin/events/auditevent/?subject_type=tenants.tenant&subject_id={first.pk}"
    detail = staff.get(reverse("admin:tenants_tenant_change", args=[first.pk])).content.decode()
    assert link.replace("&", "&amp;") in detail
    assert [event.subject_id for event in staff.get(link).context["cl"].result_list] == [str(first.pk)]


def test_staff_are_made_and_given_rights_with_an_audit_event_each(staff: Client, boss: User) -> None:
    group = Group.objects.create(name="Support")
    data = {"username": "kim", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    staff.post("/admin/auth/user/add/", data)
    kim = User.objects.get(username="kim")
    profile = {"username": "kim", "is_active": "on", "is_staff": "on", "groups": [str(group.pk)]}
    profile |= {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    assert staff.post(reverse("admin:auth_user_change", args=[kim.pk]), profile).status_code == 302
    kim.refresh_from_db()
    assert (kim.is_staff, list(kim.groups.all())) == (True, [group])
    assert kim.check_password(PASSWORD)
    assert [event.verb for event in AuditEvent.objects.order_by("id")] == ["user.added", "user.changed"]
    assert PASSWORD not in str(list(AuditEvent.objects.values()))


def test_a_lost_second_factor_is_removed_and_never_read(staff: Client) -> None:
    member = MemberFactory.create()
    row = Authenticator.objects.create(user=member.user, type=Authenticator.Type.TOTP, data={"secret": "JBSWY3DP"})
    page = reverse("admin:mfa_authenticator_change", args=[row.pk])
    assert "JBSWY3DP" not in staff.get(page).content.decode()
    assert staff.post(page, {"data": "{}"}).status_code == 403
    assert staff.get(reverse("admin:mfa_authenticator_add")).status_code == 403
    staff.post(reverse("admin:mfa_authenticator_delete", args=[row.pk]), {"post": "yes"})
    assert not Authenticator.objects.exists()
    assert AuditEvent.objects.latest("id").verb == "authenticator.deleted"


def test_a_member_with_no_right_changes_nothing(staff_with: Callable[..., Client]) -> None:
    tenant = TenantFactory.create(name="Before")
    viewer = staff_with("tenants.view_tenant")
    page = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    assert viewer.get(page).status_code == 200
    assert viewer.post(page, {"name": "After", "time_zone": "UTC", **NO_MEMBERS}).status_code == 403
    tenant.refresh_from_db()
    assert tenant.name == "Before"
