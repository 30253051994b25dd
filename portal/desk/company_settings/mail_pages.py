"""What each member hears of each company by mail, and the page that ends it without a log-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.desk.access import House
from portal.desk.company_settings.forms import MailForm
from portal.desk.company_settings.readers import Ticket, reachable
from portal.tenants.living import is_closed
from portal.tenants.mail_choices import Sort, choose, end, wish_of
from portal.tenants.models import Company, Digest, MailChoice, Member

SORTS: Final[dict[Sort, str]] = {
    Sort.ALERTS: "what waits for a person",
    Sort.DIGEST: "its figures",
}


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Who hears what of one company."""

    company: Company
    alerts: list[str]
    daily: list[str]
    weekly: list[str]


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mails(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """What I hear of each company; sent, I hear what I chose. Whatever their role, people choose for themselves."""
    house = House.of(request.user, tenant_id)
    own = _members(house).filter(user__pk=request.user.pk).first()
    if own is None:
        raise Http404("You do not belong to this organisation.")
    choices = _choices(house)
    forms = [_form(request, own, company, choices) for company in _companies(house)]
    if request.method == "POST" and all(form.is_valid() for form in forms):
        changed = [choose(own, form.company, form.wish, who=request.user.get_username()) for form in forms]
        messages.success(request, "Saved." if any(changed) else "Nothing was different.")
        return redirect("desk:mails", house.tenant.pk)
    shown = {"forms": forms, "own": own, "is_reachable": reachable().filter(pk=own.pk).exists()}
    shown |= {"heard": _heard(house, choices) if house.owns else []}
    return render(request, "portal/desk/company_settings/mails.html", house.context(**shown))


@csrf_exempt  # mail programs send this form by themselves (RFC 8058); the signed link is what allows it
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mails_end(request: HttpRequest, ticket: str) -> HttpResponse:
    """End one sort of mails of one company for whom the link was made. Looking at the page ends nothing."""
    read = Ticket.read(ticket)
    company = Company.objects.filter(pk=read.company_id).first() if read else None
    if read is None or company is None:
        return render(request, "portal/desk/company_settings/mails_unknown.html", status=404)
    if request.method == "POST":
        end(read.member_id, read.company_id, read.sort)
    shown = {"named": company, "what": SORTS[read.sort], "is_ended": request.method == "POST"}
    return render(request, "portal/desk/company_settings/mails_end.html", shown)


def _companies(house: House) -> list[Company]:
    """Those of the organisation that are not closed: nobody hears of a closed one."""
    now = timezone.now()
    return [one for one in house.sight.companies if one.tenant_id == house.tenant.pk and not is_closed(one, now)]


def _members(house: House) -> Any:
    return Member.objects.filter(tenant=house.tenant).select_related("user").order_by("user__username")


def _choices(house: House) -> dict[tuple[Any, Any], MailChoice]:
    rows = MailChoice.objects.filter(member__tenant=house.tenant)
    return {(row.member_id, row.company_id): row for row in rows}


def _form(request: HttpRequest, own: Member, company: Company, choices: dict[tuple[Any, Any], MailChoice]) -> MailForm:
    wish = wish_of(own, choices.get((own.pk, company.pk)))
    return MailForm(request.POST if request.method == "POST" else None, company, wish)


def _heard(house: House, choices: dict[tuple[Any, Any], MailChoice]) -> list[Heard]:
    """Everybody's choices, company by company; who cannot be reached hears nothing and is left out."""
    members = list(reachable().filter(tenant=house.tenant).order_by("user__username"))
    return [_heard_of(company, members, choices) for company in _companies(house)]


def _heard_of(company: Company, members: list[Member], choices: dict[tuple[Any, Any], MailChoice]) -> Heard:
    wishes = [(one.user.get_username(), wish_of(one, choices.get((one.pk, company.pk)))) for one in members]
    return Heard(
        company=company,
        alerts=[name for name, wish in wishes if wish.alerts],
        daily=[name for name, wish in wishes if wish.digest == Digest.DAILY],
        weekly=[name for name, wish in wishes if wish.digest == Digest.WEEKLY],
    )
