"""Who may look at a company's pages, and who may act on them: decided once, before a page's own code runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRefresh

from portal.connections.models import Connection, Side, Status
from portal.desk.selectors import Sight
from portal.tenants.models import Company, Member, Role

P = ParamSpec("P")

SOURCE: Final = "icompleat"
ACTING: Final = frozenset({Role.OWNER, Role.OPERATOR})
LOOKING_METHODS: Final = ("GET", "HEAD")


@dataclass(frozen=True)
class Place:
    """One company as one person sees it."""

    sight: Sight
    company: Company
    role: Role

    @classmethod
    def of(cls, user: AbstractBaseUser | AnonymousUser, company_id: UUID) -> Place:
        """Raises `Http404` for a company that this person does not see, as for one that does not exist."""
        sight = Sight.of(user)
        company = next((one for one in sight.companies if one.pk == company_id), None)
        members = (
            Member.objects.filter(user__pk=user.pk or 0, tenant_id=company.tenant_id)
            if company
            else Member.objects.none()
        )
        member = members.first()
        if company is None or member is None:
            raise Http404("There is no such company.")
        return cls(sight, company, Role(member.role))

    @property
    def may_act(self) -> bool:
        """Whether this person may change something."""
        return self.role in ACTING

    @property
    def zone(self) -> str:
        """The tenant's clock."""
        return self.sight.zone(self.company.pk)

    def accounting(self) -> Connection | None:
        """The company's active connection to an accounting system, in whatever status."""
        return self._connections(Side.ACCOUNTING).first()

    def source(self) -> Connection | None:
        """The company's active connection to iCompleat, in whatever status."""
        return self._connections(Side.SOURCE).filter(integration=SOURCE).first()

    def context(self, **more: Any) -> dict[str, Any]:
        """What every page of a company needs beside its own things."""
        own = {"sight": self.sight, "company": self.company, "zone": self.zone, "may_act": self.may_act}
        return {**own, **more}

    def _connections(self, side: Side) -> QuerySet[Connection]:
        rows = Connection.objects.filter(company=self.company, side=side).exclude(status=Status.UNLINKED)
        return rows.select_related("company__tenant").order_by("-created_at")


View = Callable[Concatenate[HttpRequest, Place, P], HttpResponseBase]
Page = Callable[..., HttpResponseBase]


def looks(view: View[P]) -> Page:
    """A page that every member may read."""
    return _page(view, LOOKING_METHODS)


def acts(view: View[P]) -> Page:
    """Something that owners and operators may do, and nobody else."""
    return _page(view, ("POST",))


def looks_and_acts(view: View[P]) -> Page:
    """A form: every member may read it, owners and operators may send it."""
    return _page(view, (*LOOKING_METHODS, "POST"))


def may_not_act(request: HttpRequest, place: Place) -> HttpResponse:
    """The page that says why nothing was done."""
    return render(request, "portal/desk/may_not_act.html", place.context(), status=403)


def _page(view: View[P], methods: tuple[str, ...]) -> Page:
    @wraps(view)
    @never_cache
    def page(request: HttpRequest, company_id: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_log_in(request)
        place = Place.of(request.user, company_id)
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        if request.method == "POST" and not place.may_act:
            return may_not_act(request, place)
        return view(request, place, *args, **kwargs)

    return page


def _to_log_in(request: HttpRequest) -> HttpResponse:
    """For a part of a page the whole page is asked for again: a redirect would put the log-in into the middle of it."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRefresh()
    return redirect_to_login(request.get_full_path())
