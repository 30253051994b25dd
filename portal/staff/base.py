"""The classes that every staff page is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from portal.events.services import tell
from portal.staff.paging import CappedPaginator
from portal.staff.sections import Section

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
else:

    class Subscriptable:
        """Django's classes cannot be subscripted at run time, only in their stubs."""

        def __class_getitem__(cls, _: object) -> type:
            return cls

    class ModelAdmin(Subscriptable, admin.ModelAdmin):
        """Django's, subscriptable."""

    class TabularInline(Subscriptable, admin.TabularInline):
        """Django's, subscriptable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button on a row's own page. It leads to `<row>/<name>/`, answered by the admin's method `<name>`.

    `permission` is checked before that method runs, whatever the request's method; without it there is no button.
    """

    name: str
    label: str
    permission: str


class StaffAdmin(ModelAdmin[M]):
    """A model in the staff site: bounded counts, buttons that lead to confirm pages, an audit event for each edit."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 500

    buttons: Sequence[Button] = ()
    sections_first = False

    def for_list(self, queryset: QuerySet[M]) -> QuerySet[M]:
        """The rows as the list needs them: joined with what it shows, without what it does not."""
        return queryset

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        """Light rows for the list, whole ones for every other page."""
        queryset = super().get_queryset(request)
        match = request.resolver_match
        of_the_list = match is not None and (match.url_name or "").endswith("_changelist")
        return self.for_list(queryset) if of_the_list else queryset

    def sections(self, request: HttpRequest, obj: M) -> Sequence[Section]:
        """What the row's page shows beneath its form."""
        return ()

    def offers(self, button: Button, obj: M) -> bool:
        """Whether the button makes sense for this row now. The page behind it decides for itself."""
        return True

    def get_urls(self) -> list[URLPattern]:
        """Django's own pages, and one for each button."""
        own = [
            path(
                f"<path:object_id>/{button.name}/",
                self.admin_site.admin_view(partial(self.press, button=button)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{button.name}",
            )
            for button in self.buttons
        ]
        return own + super().get_urls()

    def press(self, request: HttpRequest, object_id: str, button: Button) -> HttpResponse:
        """Answer a button's page: 404 without the row, 403 without the permission."""
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, obj) or not request.user.has_perm(button.permission):
            raise PermissionDenied
        if obj is None:
            raise Http404("There is no such row.")
        answer: HttpResponse = getattr(self, button.name)(request, obj)
        return answer

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Django's list, under the name of what it lists."""
        context = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        return super().changelist_view(request, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Django's page with our buttons and sections."""
        context = {**(extra_context or {}), **self._extras(request, object_id)}
        return super().changeform_view(request, object_id, form_url, context)

    def _extras(self, request: HttpRequest, object_id: str | None) -> dict[str, Any]:
        obj = self.get_object(request, unquote(object_id)) if object_id else None
        if obj is None or not self.has_view_permission(request, obj):
            return {}
        return {
            "title": str(obj),
            "subtitle": None,
            "sections_first": self.sections_first,
            "buttons": [
                (self.button_url(obj, button), button)
                for button in self.buttons
                if request.user.has_perm(button.permission) and self.offers(button, obj)
            ],
            "sections": self.sections(request, obj) if request.method == "GET" else (),
            "audit_url": audit_url(obj) if request.user.has_perm("events.view_auditevent") else "",
        }

    def button_url(self, obj: M, button: Button) -> str:
        """Where a button leads."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{button.name}"
        return reverse(name, args=[quote(obj.pk)])

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        """Write only what the person changed: what the portal wrote in the meantime stays."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        if changed := sorted(columns.intersection(form.changed_data)):
            obj.save(update_fields=changed)

    def page_context(self, request: HttpRequest, obj: M | None, title: str) -> dict[str, Any]:
        """What every page of ours needs beside its own things."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": title,
            "list_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "row_url": row_url(obj) if obj is not None else "",
        }

    def log_addition(self, request: HttpRequest, obj: M, message: Any) -> Any:
        """Django's log entry, and an audit event."""
        self._tell(request, obj, "added", "Added", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: M, message: Any) -> Any:
        """Django's log entry, and an audit event. The message names the fields, never their values."""
        self._tell(request, obj, "changed", "Changed", message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Django's log entries, and an audit event for each row."""
        for obj in queryset:
            self._tell(request, obj, "deleted", "Deleted", [])
        return super().log_deletions(request, queryset)

    def _tell(self, request: HttpRequest, obj: M, verb: str, said: str, message: Any) -> None:
        tell(
            f"{self.opts.model_name}.{verb}",
            f"{said} {self.opts.verbose_name} {obj} in the staff site.",
            who=name_of(request.user),
            subject=obj,
            changes=message,
        )


class ReadOnlyAdmin(StaffAdmin[M]):
    """Rows that the portal alone writes: no add, no change, no delete, whoever asks. The page is made of sections."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """No form: `sections` show the row."""
        return []


def row_url(obj: Model) -> str:
    """The staff page of a row."""
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[quote(obj.pk)])


def changelist_url(name: str, query: str = "") -> str:
    """The staff list `app_model`, with a query such as `state=held`."""
    url = reverse(f"admin:{name}_changelist")
    return f"{url}?{query}" if query else url


def audit_url(obj: Model) -> str:
    """The audit events about a row."""
    return f"{reverse('admin:events_auditevent_changelist')}?subject_type={obj._meta.label_lower}&subject_id={obj.pk}"


def name_of(user: Any) -> str:
    """Who acted, as the audit trail keeps it."""
    return str(user.get_username()) if isinstance(user, AbstractBaseUser) else "nobody"


def user_of(request: HttpRequest) -> AbstractBaseUser | None:
    """Who acted, as a row that points at a person keeps it."""
    return request.user if isinstance(request.user, AbstractBaseUser) else None


def say(request: HttpRequest, text: str, *, level: int = messages.SUCCESS) -> None:
    """Tell the person on the next page what was done."""
    messages.add_message(request, level, text)
