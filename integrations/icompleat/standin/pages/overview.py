"""The first page: every company with what lies in its trays, and what a client needs to call the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from integrations.icompleat.standin.kinds import Tray
from integrations.icompleat.standin.pages.parts import Head, badge, button, field, form, joined, table, tabs

_INTRODUCTION: Final = Markup(
    "<p>A stand-in for iCompleat. Open a company and approve a transaction: it is sent to the address that is"
    " configured for its kind, and the journal number that comes back is shown beside it. Without one it lies among the"
    " posting failures.</p>"
)
_HEADS: Final = (Head("Company"), Head("In its trays"), Head("Company Id"))


def main_tabs(root: str, here: str) -> Markup:
    """The way between the pages that belong to no company."""
    return tabs({"Companies": f"{root}/", "Faults": f"{root}/faults", "API calls": f"{root}/calls"}, here)


def overview(
    root: str,
    base_url: str,
    tenants: Sequence[Mapping[str, str]],
    companies: Sequence[Mapping[str, str]],
    counts: Mapping[str, Mapping[Tray, int]],
) -> Markup:
    """Everything at a glance. `counts` are those of each company's trays, by its id."""
    rows = [
        (
            Markup('<a href="{}/companies/{}">{}</a>').format(root, company["id"], company["name"]),
            _counted(counts[company["id"]]),
            Markup("<code>{}</code>").format(company["id"]),
        )
        for company in companies
    ]
    listed = table(_HEADS, rows, "There is no company yet. Make one below; the demo makes two.")
    return joined(
        [
            main_tabs(root, "Companies"),
            _INTRODUCTION,
            listed,
            *(_tenant(root, base_url, tenant) for tenant in tenants),
            Markup("<h2>Make a company</h2><p>It comes with seven transactions that await approval.</p>"),
            form(
                f"{root}/companies",
                [field("Name", "name", needed=True), field("Base currency", "base_currency", "GBP", needed=True)],
                "Make the company",
            ),
        ]
    )


def _counted(counts: Mapping[Tray, int]) -> Markup:
    return Markup(" ").join(
        Markup("{} {}").format(badge(tray), number) for tray, number in counts.items() if number
    ) or Markup("nothing")


def _tenant(root: str, base_url: str, tenant: Mapping[str, str]) -> Markup:
    """The credentials, as iCompleat shows them under Configuration, API."""
    shown = {"API base URL": base_url, "Security key": tenant["security_key"], "Tenant Id": tenant["id"]}
    listed = joined(Markup("<dt>{}</dt><dd><code>{}</code></dd>").format(name, value) for name, value in shown.items())
    return joined(
        [
            Markup("<h2>API of {}</h2><dl>{}</dl>").format(tenant["name"], listed),
            button(f"{root}/tenants/{tenant['id']}/key", "Regenerate the key", second=True),
            Markup("<p>The old key is dead at once.</p>"),
        ]
    )
