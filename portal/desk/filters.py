"""The filters of the transaction list: they live in the URL, so that a list can be kept, sent and taken away as CSV."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.connections.models import KIND_CHOICES
from portal.desk.selectors import Sight
from portal.desk.words import STATES_OF, Group
from portal.postings.models import Posting, Transaction
from portal.postings.search import transactions_with
from portal.tenants.models import Company

OUR_NUMBER: Final = re.compile(r"(?:p-?)?(\d{1,12})", re.IGNORECASE | re.ASCII)
MOST_MATCHES: Final = 500
# The states that few transactions are in, which the postings' index by state finds.
FEW: Final = frozenset({Group.ATTENTION, Group.UNDER_WAY, Group.CLOSED})


class Filters(forms.Form):
    """What a list shows. All fields are optional; a company that the reader does not see is no valid choice."""

    q = forms.CharField(label="Any whole number", required=False, max_length=200)
    state = forms.ChoiceField(label="State", required=False, choices=[("", "All states"), *Group.choices])
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "All kinds"), *KIND_CHOICES])
    company = forms.ChoiceField(label="Company", required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    sort = forms.ChoiceField(required=False, choices=[("", "Newest first"), ("oldest", "Oldest first")])

    def __init__(self, data: Any, sight: Sight) -> None:
        super().__init__(data, auto_id="filter-%s")
        self.sight = sight
        companies = [(str(company.pk), company.name) for company in sight.companies]
        self.fields["company"] = forms.ChoiceField(
            label="Company", required=False, choices=[("", "All companies"), *companies]
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order was asked for."""
        return any(self.data.get(name) for name in self.fields if name != "sort")

    @property
    def is_only_of_a_company(self) -> bool:
        """Whether nothing was asked for but a company, or its order."""
        return self.is_valid() and not any(
            self.data.get(name) for name in self.fields if name not in {"sort", "company"}
        )

    @property
    def visible(self) -> list[forms.BoundField]:
        """The fields to fill in; the states are links, and with one company there is none to choose."""
        names = ["q", "kind", *(["company"] if len(self.sight.companies) > 1 else []), "since", "until"]
        return [self[name] for name in names]

    @property
    def other_errors(self) -> list[str]:
        """What is wrong with parameters that have no field on the page."""
        shown = {field.name for field in self.visible}
        return [str(error) for name, errors in self.errors.items() if name not in shown for error in errors]

    @property
    def chosen_state(self) -> str:
        """The group of states that is asked for; empty: all."""
        return str(self.cleaned_data.get("state", "")) if self.is_bound and not self.errors else ""

    @property
    def oldest_first(self) -> bool:
        """Whether the list begins with what came in first."""
        return bool(self.is_valid() and self.cleaned_data["sort"] == "oldest")

    @property
    def one_company(self) -> Company | None:
        """The company that the list is about; None while it shows several."""
        chosen = self.cleaned_data["company"] if self.is_valid() else ""
        seen = [one for one in self.sight.companies if not chosen or str(one.pk) == chosen]
        return seen[0] if len(seen) == 1 else None

    def among(self) -> QuerySet[Transaction] | None:
        """What is read row by row to find what is asked for; None where an index finds it."""
        if not self.is_valid():
            return None
        asked = self.cleaned_data
        found_by_index = asked["q"] or asked["state"] in FEW
        if found_by_index or not any(asked[name] for name in ("kind", "since", "until", "state")):
            return None
        rows = self.sight.transactions()
        return rows.filter(company_id=asked["company"]) if asked["company"] else rows

    @property
    def zone(self) -> str:
        """The clock that the dates are meant on."""
        chosen = self.cleaned_data["company"] if self.is_valid() else ""
        return self.sight.zone(UUID(chosen) if chosen else None)

    def apply(self) -> QuerySet[Transaction]:
        """The transactions that are asked for, unordered; none when a filter makes no sense."""
        if not self.is_valid():
            return self.sight.transactions().none()
        asked = self.cleaned_data
        rows = self.sight.transactions().filter(**self._plain())
        if asked["q"]:
            rows = rows.filter(_matching(asked["q"], self.sight))
        return rows.filter(_in_group(Group(asked["state"]))) if asked["state"] else rows

    def _plain(self) -> dict[str, Any]:
        asked, zone = self.cleaned_data, ZoneInfo(self.zone)
        given = {
            "company_id": asked["company"],
            "kind": asked["kind"],
            "received_at__gte": asked["since"] and _midnight(asked["since"], zone),
            "received_at__lt": asked["until"] and _midnight(asked["until"] + timedelta(days=1), zone),
        }
        return {name: value for name, value in given.items() if value}


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _matching(query: str, sight: Sight) -> Q:
    """Any of the numbers that a document has, whole; `42` and `p-42` are our own `P-000042` as well.

    The rows are looked up first: joined by OR, neither database would use the numbers' indexes.
    """
    ours = OUR_NUMBER.fullmatch(query.strip())
    spellings = [query, *([f"P-{int(ours[1]):06d}"] if ours else [])]
    found = [
        transactions_with(each).filter(company_id__in=sight.ids).values_list("pk", flat=True) for each in spellings
    ]
    return Q(pk__in=[pk for keys in found for pk in keys[:MOST_MATCHES]])


def _in_group(group: Group) -> Q | Exists:
    """Most rows are posted: those are tested row by row. The other groups are few and are found by their state."""
    postings = Posting.objects.filter(state__in=STATES_OF[group])
    if group is Group.POSTED:
        return Exists(postings.filter(transaction=OuterRef("pk")))
    return Q(pk__in=postings.values("transaction_id"))
