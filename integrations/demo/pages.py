"""The pages of Demo Books: what is in the books, a document with its files, and what is known by code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from integrations.demo.rows import RESOURCES
from integrations.exact import to_json

_MINUS = "\N{MINUS SIGN}"
_TAKES_AWAY: Final = frozenset({"credit_note", "sales_credit_note", "refund"})
_AMOUNT_HEADS: Final = tuple(Markup('<div class="amount">{}</div>').format(name) for name in ("Net", "Tax", "Gross"))


def overview(company: Mapping[str, Any], documents: Iterable[Mapping[str, Any]], root: str) -> Markup:
    """One company: what it knows by code, and its newest documents."""
    links = [
        Markup('<a href="{}/control/companies/{}/{}">{}</a>').format(root, company["id"], resource, _named(resource))
        for resource in RESOURCES
    ]
    heading = Markup("<h2>{name} ({id}, {currency})</h2>").format(**company)
    return heading + Markup("<p>{}</p>").format(Markup(" · ").join(links)) + _documents(documents, root)


def _documents(documents: Iterable[Mapping[str, Any]], root: str) -> Markup:
    heads = (
        "Number",
        "Kind",
        "Date",
        "Supplier or customer",
        "Their number",
        "Our reference",
        *_AMOUNT_HEADS,
        "Currency",
    )
    rows = [
        [
            Markup('<a href="{}/documents/{}">{}</a>').format(root, one["id"], one["number"]),
            one["kind"].replace("_", " ").capitalize(),
            one["date"],
            f"{party_of(one)['name']} ({party_of(one)['code']})",
            one.get("supplier_reference") or "",
            one.get("reference") or "",
            *(_amount(one, name) for name in ("net", "tax", "gross")),
            one["currency"],
        ]
        for one in documents
    ]
    return table(heads, rows) if rows else Markup("<p>Nothing has been posted yet.</p>")


def document_page(
    document: Mapping[str, Any],
    names: Mapping[str, str],
    settled: Markup,
    files: Sequence[Mapping[str, Any]],
    root: str,
) -> Markup:
    """One document with its lines, what `settled` it, and its files; `names` are those of its codes."""
    heads = ("Line", "Description", "Account", "Tax code", *_AMOUNT_HEADS)
    rows = [
        [
            str(line.get("number", "")),
            line.get("description") or "",
            f"{line['account_code']} {names.get(line['account_code'], '')}",
            f"{line.get('tax_code') or ''} {names.get(line.get('tax_code') or '', '')}",
            *(_amount({**line, "kind": document["kind"]}, name) for name in ("net", "tax", "gross")),
        ]
        for line in document["lines"]
    ]
    about = Markup("<p>{}, {date}, {currency}. Booked {booked_at}.</p>").format(party_of(document)["name"], **document)
    raw = Markup("<h2>As it was posted</h2><div class=scroll><code>{}</code></div>").format(to_json(document))
    back = Markup('<p><a href="{}/">All documents</a></p>').format(root)
    return back + about + table(heads, rows) + settled + _files(document["id"], files, root) + raw


def party_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The supplier or the customer of a document."""
    party: Mapping[str, Any] = document.get("supplier") or document["customer"]
    return party


def _files(document_id: str, files: Sequence[Mapping[str, Any]], root: str) -> Markup:
    rows = [
        [
            Markup('<a href="{}/documents/{}/attachments/{}">{}</a>').format(root, document_id, one["id"], one["name"]),
            one["content_type"],
            Markup('<div class="amount">{:,}</div>').format(one["size"]),
        ]
        for one in files
    ]
    heads = ("Name", "Type", Markup('<div class="amount">Bytes</div>'))
    return Markup("<h2>Attachments</h2>") + table(heads, rows) if rows else Markup("")


def rows_page(company: str, resource: str, rows: Sequence[Mapping[str, Any]], count: int, root: str) -> Markup:
    """The newest rows of a resource, with forms to add one, to rename it, and to take it out of use."""
    address = f"{root}/control/companies/{company}/{resource}"
    shown = [
        [
            row["id"],
            row.get("dimension", ""),
            row["code"],
            form(f"{address}/{row['id']}", field_of("name", row["name"]), "Rename"),
            _details(row),
            "in use" if row["active"] else "not in use",
            form(f"{address}/{row['id']}", _hidden("active", "no" if row["active"] else "yes"), _switch(row)),
        ]
        for row in rows
    ]
    back = Markup('<p><a href="{}/">All documents</a></p>').format(root)
    about = Markup("<h2>{}</h2><p>{:,} in all; the newest of them:</p>").format(_named(resource), count)
    many = _many(address) if resource == "suppliers" else Markup("")
    heads = ("No.", "Dimension", "Code", "Name", "Details", "State", "")
    return back + about + _new(address, resource) + many + table(heads, shown)


def _new(address: str, resource: str) -> Markup:
    names = (*(("dimension",) if resource == "dimensions" else ()), "code", "name")
    more = ("rate",) if "rate" in RESOURCES[resource] else ()
    return form(address, Markup("").join(field_of(name) for name in (*names, *more)), "Add")


def _many(address: str) -> Markup:
    made = form(f"{address}/generate", field_of("count", "1000"), "Generate")
    return made + form(f"{address}/change", field_of("count", "100"), "Rename so many")


def form(address: str, fields: Markup, button: str) -> Markup:
    """A form with one button."""
    return Markup('<form method="post" action="{}">{} <button>{}</button></form>').format(address, fields, button)


def field_of(name: str, value: str = "") -> Markup:
    """A field with its label."""
    label = name.replace("_", " ").capitalize()
    return Markup('<label>{} <input name="{}" value="{}" required></label> ').format(label, name, value)


def _hidden(name: str, value: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(name, value)


def _switch(row: Mapping[str, Any]) -> str:
    return "Take out of use" if row["active"] else "Put back into use"


def _details(row: Mapping[str, Any]) -> str:
    known = ("id", "dimension", "code", "name", "active")
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in row.items() if name not in known)


def _named(resource: str) -> str:
    return resource.replace("-", " ").capitalize()


def _amount(of: Mapping[str, Any], name: str) -> Markup:
    """An amount for people; what a credit note takes away has a true minus."""
    return shown(-of[name] if of["kind"] in _TAKES_AWAY else of[name])


def shown(value: Decimal) -> Markup:
    """An amount in a cell of its own."""
    text = f"{abs(value):,.2f}"
    return Markup('<div class="amount">{}</div>').format(_MINUS + text if value < 0 else text)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    """A table for people."""
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
    cells = (Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row) for row in rows)
    body = Markup("").join(Markup("<tr>{}</tr>").format(row) for row in cells)
    whole = Markup("<div class=scroll><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>")
    return whole.format(head, body)
