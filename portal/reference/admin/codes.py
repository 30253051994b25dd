"""The rows of the mapping tables for staff."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.connections.models import Connection, Side
from portal.reference.admin.filters import CodeCompanyFilter, ConnectionFilter, FamilyFilter
from portal.reference.mending import refused_url
from portal.reference.models import MappedCode
from portal.reference.rules import DIMENSION, FAMILIES, LONGEST_NAME, dimension_family, family_words
from portal.reference.sold import TOO_MANY_LABEL_ROWS, is_for_a_label
from portal.reference.table_edits import too_many_labels
from portal.staff.base import Button, StaffAdmin, row_url, say

RETRY: Final = Button(name="refused", label="Retry what was refused", permission="postings.retry_posting")
OF_A_DIMENSION: Final = DIMENSION.rstrip(":")
KINDS: Final = [*((family, words.capitalize()) for family, words in FAMILIES.items()), (OF_A_DIMENSION, "Dimension")]
NO_NAME: Final = "Give the name of the dimension."
NO_DIMENSION: Final = "Only a dimension has a name; leave it empty."
A_SOURCE: Final = "Choose the connection to the accounting system: nothing is posted into a source."
THERE_ALREADY: Final = "The table has a row for this code already."
ADDED: Final = "Added. It counts for whatever is sent from now on; what was refused stays so until it is retried."


class CodeForm(forms.ModelForm):  # type: ignore[type-arg]
    """One row. Its table is chosen once."""

    kind = forms.ChoiceField(label="Codes", choices=KINDS)
    dimension = forms.CharField(
        required=False,
        max_length=LONGEST_NAME,
        help_text="Only for a dimension: its name at the source, such as Department.",
        widget=forms.TextInput(attrs={"class": "vTextField short"}),
    )

    class Meta:
        model = MappedCode
        fields = ("connection", "source_code", "accounting_code", "note")
        widgets: ClassVar = {
            name: forms.TextInput(attrs={"class": "vTextField short"}) for name in ("source_code", "accounting_code")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["kind"], self.fields["dimension"]

    def clean_connection(self) -> Connection:
        """An accounting system."""
        connection: Connection = self.cleaned_data["connection"]
        if connection.side != Side.ACCOUNTING:
            raise ValidationError(A_SOURCE)
        return connection

    def clean(self) -> dict[str, Any]:
        """The row's family from the two fields, and no second row for one code."""
        cleaned = super().clean() or {}
        if "kind" in cleaned and "dimension" in cleaned:
            self.instance.family = self._family(cleaned["kind"], cleaned["dimension"])
        connection = cleaned.get("connection") or (self.instance.connection if self.instance.pk else None)
        source_code = cleaned.get("source_code")
        if connection and source_code and self.instance.family and self._is_taken(connection, source_code):
            raise ValidationError({"source_code": THERE_ALREADY})
        if connection and source_code and self._is_one_label_too_many(connection, source_code):
            raise ValidationError({"source_code": TOO_MANY_LABEL_ROWS})
        return cleaned

    def _family(self, kind: str, dimension: str) -> str:
        if (kind == OF_A_DIMENSION) is not bool(dimension):
            raise ValidationError({"dimension": NO_DIMENSION if dimension else NO_NAME})
        return dimension_family(dimension) if dimension else kind

    def _is_taken(self, connection: Connection, source_code: str) -> bool:
        rows = MappedCode.objects.filter(connection=connection, family=self.instance.family, source_code=source_code)
        return rows.exclude(pk=self.instance.pk).exists()

    def _is_one_label_too_many(self, connection: Connection, source_code: str) -> bool:
        family, before = self.instance.family, self.initial.get("source_code", "")
        is_new = is_for_a_label(family, source_code) and not is_for_a_label(family, before)
        return is_new and too_many_labels(connection, more=1)


@admin.register(MappedCode)
class MappedCodeAdmin(StaffAdmin[MappedCode]):
    """One row of a table: what is sent in the place of a source's code."""

    form = CodeForm
    list_display = ("source_code", "accounting_code", "shown_family", "company", "integration", "note")
    list_select_related = ("connection__company",)
    list_filter = (FamilyFilter, CodeCompanyFilter, ConnectionFilter)
    search_fields = ("source_code__startswith", "accounting_code__startswith")
    search_help_text = "The beginning of a code, in its own letters."
    autocomplete_fields = ("connection",)
    buttons = (RETRY,)

    def for_list(self, queryset: QuerySet[MappedCode]) -> QuerySet[MappedCode]:
        """Secrets are not even read."""
        return queryset.defer("connection__secrets", "connection__settings", "connection__mapping")

    def get_fields(self, request: HttpRequest, obj: MappedCode | None = None) -> Any:
        """A row stays in its table."""
        if obj is not None:
            return ("connection", "shown_family", "source_code", "accounting_code", "note")
        return ("connection", "kind", "dimension", "source_code", "accounting_code", "note")

    def get_readonly_fields(self, request: HttpRequest, obj: MappedCode | None = None) -> tuple[str, ...]:
        """A row stays in its table."""
        return ("connection", "shown_family") if obj else ()

    def response_add(self, request: HttpRequest, obj: MappedCode, post_url_continue: str | None = None) -> HttpResponse:
        """On to its page: what was refused for want of it may be retried next."""
        if "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        say(request, ADDED)
        return HttpResponseRedirect(row_url(obj))

    def button_url(self, obj: MappedCode, button: Button) -> str:
        """It belongs to a room above this one."""
        return refused_url(obj.connection_id, obj.family, obj.source_code)

    def refused(self, request: HttpRequest, obj: MappedCode) -> HttpResponse:
        """On to the postings."""
        return HttpResponseRedirect(self.button_url(obj, RETRY))

    @admin.display(description="Codes", ordering="family")
    def shown_family(self, obj: MappedCode) -> str:
        """What the code is."""
        words = family_words(obj.family)
        return words[:1].upper() + words[1:]

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: MappedCode) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="Goes to", ordering="connection__integration")
    def integration(self, obj: MappedCode) -> str:
        """The accounting system."""
        return obj.connection.integration
