"""Who did what in a whole organisation: of its own matters and of all its companies, for owners."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.desk.access import OWNING, House, house_looks
from portal.desk.company_settings.trail import Names, of_no_company, trail_of, trail_of_tenant
from portal.desk.keyset import cut
from portal.events.models import AuditEvent
from portal.tenants.models import Company

ITSELF: Final = "itself"
GONE: Final = "A company that is not there any more"


@house_looks
def organisation_audit(request: HttpRequest, house: House) -> HttpResponse:
    """Newest first, of one company, of the organisation itself, or of everything."""
    shown: dict[str, object] = {"may_read": house.role in OWNING}
    if shown["may_read"]:
        companies = {str(one.pk): one for one in house.sight.companies if one.tenant_id == house.tenant.pk}
        wanted = request.GET.get("company", "")
        wanted = wanted if wanted in companies or wanted == ITSELF else ""
        page = cut(
            _narrowed(house, companies, wanted), request.GET, descending=True, within=trail_of_tenant(house.tenant)
        )
        names = Names.of(house.tenant.pk)
        rows = [(one, names.shown(one.who), _company(one.company_id, companies)) for one in page.rows]
        shown |= {"page": page, "rows": rows, "companies": companies.values(), "wanted": wanted, "itself": ITSELF}
    return render(request, "portal/desk/company_settings/organisation_audit.html", house.context(**shown))


def _narrowed(house: House, companies: dict[str, Company], wanted: str) -> QuerySet[AuditEvent]:
    if wanted in companies:
        return trail_of(companies[wanted])
    rows = trail_of_tenant(house.tenant)
    return of_no_company(rows) if wanted == ITSELF else rows


def _company(company_id: UUID | None, companies: dict[str, Company]) -> Company | str:
    """Empty for what belongs to the organisation itself."""
    return "" if company_id is None else companies.get(str(company_id), GONE)
