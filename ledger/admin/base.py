"""What the ledger's staff pages share."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.signals import changed_by_staff

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin
else:

    class ModelAdmin(admin.ModelAdmin):
        """Django's class cannot be subscripted at run time, only in its stubs."""

        def __class_getitem__(cls, _: object) -> type[admin.ModelAdmin]:
            return cls


class NeverAdded:
    """Only services make these rows."""

    def has_add_permission(self, *_: Any, **__: Any) -> bool:
        """Never."""
        return False


class NeverDeleted:
    """Rows of the books stay; what is not wanted any more is made inactive or reversed."""

    def has_delete_permission(self, *_: Any, **__: Any) -> bool:
        """Never."""
        return False


class ReadOnly(NeverAdded, NeverDeleted):
    """To look at."""

    def has_change_permission(self, *_: Any, **__: Any) -> bool:
        """Never."""
        return False


class Announced(ModelAdmin[Model]):
    """Whoever listens to `changed_by_staff` hears of each row that a person adds or changes here."""

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        """Django's, then the signal, in one transaction."""
        super().save_model(request, obj, form, change)
        if form.changed_data or not change:
            changes = {name: (form.initial.get(name), form.cleaned_data[name]) for name in form.changed_data}
            changed_by_staff.send(type(obj), row=obj, user=request.user, added=not change, changes=changes)


def linked(row: Model) -> SafeString:
    """A row's name as a link to its page."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[row.pk]), row)


def figure(amount: Decimal | None, zero: str = "") -> SafeString | str:
    """An amount as a right-aligned figure with separated thousands and a true minus; `zero` for zero or None."""
    if not amount:
        return zero
    whole, _, decimals = f"{abs(amount):,f}".partition(".")
    sign = "\N{MINUS SIGN}" if amount < 0 else ""
    return format_html('<span class="numeric">{}{}.{}</span>', sign, whole, decimals.ljust(2, "0"))


@dataclass(frozen=True, slots=True)
class Table:
    """What `admin/includes/table.html` shows; `numeric` are the positions of the columns with figures."""

    head: tuple[str, ...]
    rows: list[tuple[object, ...]]
    numeric: tuple[int, ...]
    foot: tuple[object, ...] = ()
    empty: str = "Nothing has been booked up to this day."
