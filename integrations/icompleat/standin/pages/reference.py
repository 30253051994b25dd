"""A company's reference lists, searchable and in pages: a hundred thousand suppliers are no more than fifty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from integrations.icompleat.standin.lists import LISTS
from integrations.icompleat.standin.pages.company import company_tabs
from integrations.icompleat.standin.pages.parts import Head, field, form, joined, pager, table


def names(fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Every list of a company, by its name in addresses: what people call it."""
    own = {name: _spaced(listed.array) for name, listed in LISTS.items()}
    return own | {field["Id"]: f"{field['Name']} (custom field)" for field in fields if field["Type"] == "List"}


def lists(root: str, company: Mapping[str, str], listed: Mapping[str, str], counts: Mapping[str, int]) -> Markup:
    """All lists with how many rows they have."""
    rows = [
        (
            Markup('<a href="{}/companies/{}/lists/{}">{}</a>').format(root, company["id"], name, told),
            f"{counts[name]:,}",
        )
        for name, told in listed.items()
    ]
    about = Markup("<p>What was pushed here, and what transactions may be coded with.</p>")
    tabs = company_tabs(root, company["id"], "Lists")
    return joined([tabs, about, table((Head("List"), Head("Rows", "amount")), rows, "There is no list.")])


def rows(
    root: str,
    company: Mapping[str, str],
    name: str,
    found: Sequence[Mapping[str, str]],
    *,
    count: int,
    words: str,
    page: int,
    has_more: bool,
) -> Markup:
    """One page of a list, after a search or without one."""
    here = f"{root}/companies/{company['id']}/lists/{name}"
    shown = [(Markup("<code>{}</code>").format(row["code"]), row["name"]) for row in found]
    empty = "Nothing holds these letters." if words else "There is no row."
    query = f"{urlencode({'q': words})}&" if words else ""
    return joined(
        [
            company_tabs(root, company["id"], "Lists"),
            Markup("<p>{} rows.</p>").format(f"{count:,}"),
            form(here, [field("Code or name holds", "q", words, sort="search")], "Search", method="get"),
            table((Head("Code"), Head("Name", "long")), shown, empty),
            pager(f"{here}?{query}page=", page, has_more=has_more),
        ]
    )


def _spaced(array: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in array).strip().capitalize()
