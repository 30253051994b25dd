"""Who may look at a company's pages, and who may act on them: decided once, before a page's own code runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRefresh

from portal.connections.models import Connection, Side, Status
from portal.desk.selectors import Sight
from portal.notation import zone_of
from portal.tenants.living import is_closed
from portal.tenants.models import Company, Member, Role, Tenant

P = ParamSpec("P")

ICOMPLEAT: Final = "icompleat"
ACTING: Final = frozenset({Role.OWNER, Role.OPERATOR})
OWNING: Final = frozenset({Role.OWNER})
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
    def is_closed(self) -> bool:
        """Whether the company is closed: everything stays readable, and nothing is changed any more."""
        return is_closed(self.company, timezone.now())

    @property
    def may_act(self) -> bool:
        """Whether this person may change something."""
        return self.role in ACTING and not self.is_closed

    @property
    def may_decide(self) -> bool:
        """Whether this person's role lets them decide about postings. What can be done to one, in a closed company too,
        is for `portal.postings.repair` to say."""
        return self.role in ACTING

    @property
    def owns(self) -> bool:
        """Whether this person may change what only owners may: members, tokens, what is linked."""
        return self.role in OWNING and not self.is_closed

    @property
    def zone(self) -> str:
        """The tenant's clock."""
        return self.sight.zone(self.company.pk)

    def accounting(self) -> Connection | None:
        """The company's active connection to an accounting system, in whatever status."""
        return self._connections(Side.ACCOUNTING).first()

    def source(self, integration: str = ICOMPLEAT) -> Connection | None:
        """The company's active connection to this source, in whatever status."""
        return self._connections(Side.SOURCE).filter(integration=integration).first()

    def sources(self) -> list[Connection]:
        """Its active connections to sources, in whatever status; at most one to each."""
        rows = self._connections(Side.SOURCE)
        return list({row.integration: row for row in reversed(rows)}.values())

    def context(self, **more: Any) -> dict[str, Any]:
        """What every page of a company needs beside its own things."""
        own = {"sight": self.sight, "company": self.company, "tenant": self.company.tenant, "zone": self.zone}
        own["company_is_closed"] = self.is_closed
        return {**own, "may_act": self.may_act, "owns": self.owns, **more}

    def _connections(self, side: Side) -> QuerySet[Connection]:
        rows = Connection.objects.filter(company=self.company, side=side).exclude(status=Status.UNLINKED)
        return rows.select_related("company__tenant").order_by("-created_at")


@dataclass(frozen=True)
class House:
    """One tenant as one of its members sees it."""

    is_closed: ClassVar = False

    sight: Sight
    tenant: Tenant
    role: Role

    @classmethod
    def of(cls, user: AbstractBaseUser | AnonymousUser, tenant_id: UUID) -> House:
        """Raises `Http404` for a tenant that this person is no member of, as for one that does not exist."""
        members = Member.objects.select_related("tenant").filter(user__pk=user.pk or 0, tenant__pk=tenant_id)
        member = members.first()
        if member is None:
            raise Http404("There is no such organisation.")
        return cls(Sight.of(user), member.tenant, Role(member.role))

    @property
    def may_act(self) -> bool:
        """Whether this person may change something."""
        return self.role in ACTING

    @property
    def owns(self) -> bool:
        """Whether this person may change what only owners may."""
        return self.role in OWNING

    @property
    def zone(self) -> str:
        """The tenant's clock."""
        return zone_of(self.tenant.time_zone).key

    def context(self, **more: Any) -> dict[str, Any]:
        """What every page of a tenant needs beside its own things."""
        own = {"sight": self.sight, "tenant": self.tenant, "zone": self.zone}
        return {**own, "may_act": self.may_act, "owns": self.owns, **more}


Seen = TypeVar("Seen", Place, House)
View = Callable[Concatenate[HttpRequest, Seen, P], HttpResponseBase]
Page = Callable[..., HttpResponseBase]


def looks(view: View[Place, P]) -> Page:
    """A page of a company that every member may read."""
    return _page(view, Place.of, LOOKING_METHODS, ACTING)


def acts(view: View[Place, P]) -> Page:
    """Something that owners and operators may do, and nobody else."""
    return _page(view, Place.of, ("POST",), ACTING)


def looks_and_acts(view: View[Place, P]) -> Page:
    """A form: every member may read it, owners and operators may send it."""
    return _page(view, Place.of, (*LOOKING_METHODS, "POST"), ACTING)


def decides(view: View[Place, P]) -> Page:
    """Something that owners and operators may do, and of which the rules say whether a closed company allows it."""
    return _page(view, Place.of, ("POST",), ACTING, of_closed=True)


def looks_and_decides(view: View[Place, P]) -> Page:
    """Its form: every member may read it."""
    return _page(view, Place.of, (*LOOKING_METHODS, "POST"), ACTING, of_closed=True)


def takes_away(view: View[Place, P]) -> Page:
    """A form by which owners and operators take away what there is: of a closed company, too."""
    return _page(view, Place.of, (*LOOKING_METHODS, "POST"), ACTING, of_closed=True)


def ends(view: View[Place, P]) -> Page:
    """A form by which owners end something: what is linked still where a company is closed, too."""
    return _page(view, Place.of, (*LOOKING_METHODS, "POST"), OWNING, of_closed=True)


def owns(view: View[Place, P]) -> Page:
    """Something that owners alone may do."""
    return _page(view, Place.of, ("POST",), OWNING)


def looks_and_owns(view: View[Place, P]) -> Page:
    """A form: every member may read it, owners alone may send it."""
    return _page(view, Place.of, (*LOOKING_METHODS, "POST"), OWNING)


def house_looks(view: View[House, P]) -> Page:
    """A page of a tenant that every member may read."""
    return _page(view, House.of, LOOKING_METHODS, OWNING)


def house_owns(view: View[House, P]) -> Page:
    """Something about a tenant that its owners alone may do."""
    return _page(view, House.of, ("POST",), OWNING)


def house_looks_and_owns(view: View[House, P]) -> Page:
    """A form of a tenant: every member may read it, owners alone may send it."""
    return _page(view, House.of, (*LOOKING_METHODS, "POST"), OWNING)


def house_looks_and_acts(view: View[House, P]) -> Page:
    """A form of a tenant: every member may read it, owners and operators may send it."""
    return _page(view, House.of, (*LOOKING_METHODS, "POST"), ACTING)


def may_not_act(request: HttpRequest, place: Place | House) -> HttpResponse:
    """The page that says why nothing was done."""
    return render(request, "portal/desk/may_not_act.html", place.context(), status=403)


def _page(
    view: View[Seen, P],
    seen_by: Callable[[AbstractBaseUser | AnonymousUser, UUID], Seen],
    methods: tuple[str, ...],
    who: frozenset[Role],
    *,
    of_closed: bool = False,
) -> Page:
    @wraps(view)
    @never_cache
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_log_in(request)
        # The first id of a path is the company's or the tenant's.
        place = seen_by(request.user, kwargs.pop("company_id", None) or kwargs.pop("tenant_id"))
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        if request.method == "POST" and (place.role not in who or (place.is_closed and not of_closed)):
            return may_not_act(request, place)
        return view(request, place, *args, **kwargs)

    return page


def _to_log_in(request: HttpRequest) -> HttpResponse:
    """For a part of a page the whole page is asked for again: a redirect would put the log-in into the middle of it."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRefresh()
    return redirect_to_login(request.get_full_path())
