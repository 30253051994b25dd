"""The form of a connection's rules: one group of fields for each family, and one for each dimension."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from django import forms

from integrations.errors import Misconfigured
from portal.reference.families import BY_NAME
from portal.reference.models import CodeMapping
from portal.reference.rules import (
    ACCOUNT,
    BANK,
    CURRENCY,
    CUSTOMER,
    FAMILIES,
    KINDS,
    LONGEST_CODE,
    LONGEST_NAME,
    PLAIN,
    REVENUE,
    SALES_TAX,
    SUPPLIER,
    TAX,
    DimensionRule,
    How,
    Missing,
    Rule,
    Rules,
    from_json,
    problems,
)
from portal.reference.showing import shown_families

EMPTY_SLOTS: Final = 2
DIRECT: Final = (How.DIRECT.value, "As the source writes it")
ACCOUNT_OF_SOURCE: Final = (How.DIRECT.value, "The account that the source writes, if it does")
TABLE: Final = (How.TABLE.value, "Looked up in the table")
DROP: Final = (How.DROP.value, "Not sent at all")
ABSENT: Final = [
    (Missing.AS_IS.value, "Send none"),
    (Missing.DEFAULT.value, "Use the default"),
    (Missing.REFUSE.value, "Refuse the document"),
]
UNKNOWN: Final = [
    (Missing.REFUSE.value, "Refuse the document"),
    (Missing.AS_IS.value, "Send it as it is"),
    (Missing.DEFAULT.value, "Use the default"),
]
WITHOUT_AS_IT_IS: Final = [choice for choice in UNKNOWN if choice[0] != Missing.AS_IS]
WITHOUT_DEFAULT: Final = [choice for choice in UNKNOWN if choice[0] != Missing.DEFAULT]
IN_USE: Final = "Counts only where the code is looked up in the table."
MEMBERS: Final = ("how", "absent", "unknown", "default")
GROUPS: Final = {
    SUPPLIER: "Suppliers",
    ACCOUNT: "Accounts",
    TAX: "Tax codes",
    CURRENCY: "Currencies",
    CUSTOMER: "Customers",
    REVENUE: "Revenue, by what was sold",
    BANK: "Bank accounts, by the method of payment",
    SALES_TAX: "Tax on sales, by its rate",
}
DESCRIPTIONS: Final = {
    SUPPLIER: "A supplier without a code is looked for by its name where the accounting system can do that.",
    CURRENCY: "From ISO codes. Amounts are never converted, so there is no default.",
    CUSTOMER: "A customer without a code is looked for by its name where the accounting system can do that.",
    REVENUE: "By what was sold: the thing, its type, a part of its name. The rule of accounts never counts here.",
    BANK: "Looked up by the method of payment, in the source's word, such as BACS.",
    SALES_TAX: "Looked up by what the source says of the tax, often its rate, such as 20. Payments carry none.",
}
PATH: Final = re.compile(r"dimensions\[(\d+)\]\.(\w+)")


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    """What `form_for` adds the fields to."""

    slots: ClassVar[int] = 0
    stored: ClassVar[Rules] = PLAIN

    class Meta:
        model = CodeMapping
        fields = ()

    def clean(self) -> dict[str, Any]:
        """The rules as a whole must make sense."""
        cleaned = super().clean() or {}
        if not self.errors:
            wrong = {self._field_of(path): sentence for path, sentence in problems(self.rules()).items()}
            for field, sentence in wrong.items():
                self.add_error(field, sentence)
        return cleaned

    def rules(self) -> Rules:
        """The rules as they were sent; those of families that are not on the form stay.

        A dimension without a name is no rule.
        """
        asked = [family for family in FAMILIES if family != CURRENCY and f"{family}__how" in self.fields]
        return replace(
            self.stored,
            **{family: Rule(**self._members(family)) for family in asked},
            currency=self._currency(),
            dimensions=tuple(self._dimension(slot) for slot in self._named()),
        )

    def _currency(self) -> Rule:
        how, unknown = (self.cleaned_data[f"currency__{member}"] for member in ("how", "unknown"))
        return Rule(how=How(how), unknown=Missing(unknown or Missing.REFUSE))

    def _named(self) -> list[int]:
        return [slot for slot in range(self.slots) if self.cleaned_data[f"dimension_{slot}__name"]]

    def _dimension(self, slot: int) -> DimensionRule:
        name, to = (self.cleaned_data[f"dimension_{slot}__{member}"] for member in ("name", "to"))
        members = self._members(f"dimension_{slot}")
        if members["how"] is How.DROP:
            return DimensionRule(name=name, how=How.DROP)
        return DimensionRule(name=name, to="" if to == name else to, **members)

    def _members(self, group: str) -> dict[str, Any]:
        given = {member: self.cleaned_data[f"{group}__{member}"] for member in MEMBERS}
        return {member: KINDS.get(member, str)(value) for member, value in given.items()}

    def _field_of(self, path: str) -> str | None:
        """The form's field for a member of the rules."""
        found = PATH.fullmatch(path)
        if found:
            return f"dimension_{self._named()[int(found[1])]}__{found[2]}"
        name = path.replace(".", "__")
        return name if name in self.fields else None


def form_for(mapping: CodeMapping) -> type[RulesForm]:
    """The form of one connection: its dimensions, and two empty places for more."""
    rules = stored_rules(mapping) or PLAIN
    fields: dict[str, Any] = {}
    for family in shown_families(mapping, rules):
        fields |= _currency_fields(rules.currency) if family == CURRENCY else _family_fields(family, rules.of(family))
    dimensions = [*rules.dimensions, *[DimensionRule(name="")] * EMPTY_SLOTS]
    for slot, rule in enumerate(dimensions):
        fields |= _dimension_fields(f"dimension_{slot}", rule)
    return type("RulesForm", (RulesForm,), {**fields, "slots": len(dimensions), "stored": rules})


def fieldsets_for(form: type[RulesForm]) -> list[tuple[str | None, dict[str, Any]]]:
    """The fields in their groups."""
    groups: list[tuple[str | None, dict[str, Any]]] = [
        (title, {"fields": _names(form, family), "description": DESCRIPTIONS.get(family, "")})
        for family, title in GROUPS.items()
        if f"{family}__how" in form.base_fields
    ]
    for slot in range(form.slots):
        name = form.base_fields[f"dimension_{slot}__name"].initial
        title = f"Dimension {name}" if name else "Another dimension"
        groups.append((title, {"fields": _names(form, f"dimension_{slot}")}))
    return groups


def stored_rules(mapping: CodeMapping) -> Rules | None:
    """The rules as they are stored; None where they cannot be read, which a page must survive."""
    try:
        return from_json(mapping.mapping)
    except Misconfigured:
        return None


def _names(form: type[RulesForm], group: str) -> list[tuple[str, ...]]:
    """A group's fields, two in a row."""
    names = [name for name in form.base_fields if name.startswith(f"{group}__")]
    return [tuple(names[start : start + 2]) for start in range(0, len(names), 2)]


def _currency_fields(rule: Rule) -> Mapping[str, forms.Field]:
    unknown = _choice("Not in the table", WITHOUT_DEFAULT, rule.unknown, IN_USE)
    unknown.required = False
    return {"currency__how": _choice("Code", [DIRECT, TABLE], rule.how), "currency__unknown": unknown}


def _family_fields(family: str, rule: Rule) -> Mapping[str, forms.Field]:
    ways = [ACCOUNT_OF_SOURCE if family in BY_NAME else DIRECT, TABLE]
    return _fields(family, rule, ways, WITHOUT_AS_IT_IS if family in BY_NAME else UNKNOWN)


def _dimension_fields(group: str, rule: DimensionRule) -> Mapping[str, forms.Field]:
    name = _text("Name at the source", rule.name, LONGEST_NAME, "Such as Department; letter case does not matter.")
    to = _text("Sent as", rule.to, LONGEST_NAME, "The accounting system's name for it; empty: the same.")
    return {f"{group}__name": name, f"{group}__to": to, **_fields(group, rule, [DIRECT, TABLE, DROP])}


def _fields(
    group: str, rule: Rule, ways: list[tuple[str, str]], unknown: list[tuple[str, str]] = UNKNOWN
) -> Mapping[str, forms.Field]:
    return {
        f"{group}__how": _choice("Code", ways, rule.how),
        f"{group}__absent": _choice("Without a code", ABSENT, rule.absent),
        f"{group}__unknown": _choice("Not in the table", unknown, rule.unknown, IN_USE),
        f"{group}__default": _text("Default", rule.default, LONGEST_CODE, "The accounting system's code."),
    }


def _choice(label: str, choices: list[tuple[str, str]], value: str, help_text: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, initial=value, help_text=help_text)


def _text(label: str, value: str, longest: int, help_text: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "vTextField short"})
    return forms.CharField(
        label=label, help_text=help_text, required=False, initial=value, max_length=longest, widget=widget
    )
