"""One transaction: what it says, what can be done, what happened, what was sent and answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as field_of
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from integrations.icompleat.standin.codes import plain
from integrations.icompleat.standin.deliveries import Sent
from integrations.icompleat.standin.kinds import Tray
from integrations.icompleat.standin.pages.company import company_tabs, outcome, step_buttons
from integrations.icompleat.standin.pages.parts import Head, badge, banner, field, form, joined, table
from integrations.icompleat.standin.receiving import still_open
from integrations.icompleat.standin.summary import Summary
from integrations.icompleat.standin.transactions import Attachment, Held

_LINE_HEADS: Final = (
    Head("Line"), Head("Description"), Head("Account"), Head("Tax"), Head("Quantity", "amount"),
    Head("Net", "amount"), Head("VAT", "amount"), Head("Gross", "amount"),
)  # fmt: skip

_DATES: Final = (
    ("Invoice date", "invoice", "Invoice"),
    ("Payment due", "payment_due", "PaymentDue"),
    ("Delivery", "delivery", "Delivery"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything that the page tells."""

    held: Held
    row: Summary
    steps: Sequence[str]
    can_receive: bool
    received: Mapping[int, Decimal]
    timeline: Sequence[Mapping[str, str]]
    papers: Sequence[Attachment]
    deliveries: Sequence[Sent]
    is_done: bool = False
    complaint: str = ""
    typed: Mapping[str, str] = field_of(default_factory=dict)


def transaction(root: str, shown: Shown) -> Markup:
    """The page."""
    own = f"{root}/transactions/{shown.held.id}"
    parts = [
        company_tabs(root, shown.held.company_id, ""),
        banner(shown.complaint, is_good=False) if shown.complaint else Markup(""),
        outcome(shown.row) if shown.is_done else Markup(""),
        _facts(shown.row, shown.held.body),
        step_buttons(root, shown.row, shown.steps, back="transaction"),
        _lines(shown.held.body),
        _papers(own, shown.papers),
    ]
    if shown.held.tray is Tray.UNPROCESSED:
        parts.append(_edit(own, shown.held.body, shown.typed))
    if shown.can_receive:
        parts.append(_receive(own, shown))
    parts += [_timeline(shown.timeline), _deliveries(shown.deliveries)]
    return joined(parts)


def _facts(row: Summary, body: Mapping[str, Any]) -> Markup:
    dates = body.get("Dates", {})
    facts = {
        "Tray": badge(row.tray),
        "Journal number": row.journal_number or "none",
        "Reason": row.reason,
        "Kind": row.kind.label,
        "Title": body.get("Title", ""),
        "Supplier": row.supplier,
        "Gross": row.amount,
        "Order number": body["References"].get("PurchaseOrder") or "none",
        "Supplier's reference": body["References"].get("Supplier") or "none",
        "Dated": (dates.get("Invoice") or "")[:10] or "no date",
    }
    listed = joined(Markup("<dt>{}</dt><dd>{}</dd>").format(name, fact) for name, fact in facts.items() if fact)
    return Markup("<dl>{}</dl>").format(listed)


def _lines(body: Mapping[str, Any]) -> Markup:
    rows = [
        (
            line["Number"],
            line.get("Description", ""),
            _code(line, "Account Code"),
            _code(line, "Tax Code"),
            "" if line.get("Quantity") is None else line["Quantity"],
            *(f"{line[name]['Local']['Value']:,.2f}" for name in ("Net", "Vat", "Gross")),
        )
        for line in body["Lines"]
    ]
    return Markup("<h2>Lines</h2>") + table(_LINE_HEADS, rows, "There is no line.")


def _papers(own: str, papers: Iterable[Attachment]) -> Markup:
    links = [Markup('<a href="{}/attachments/{}">{}</a>').format(own, each.id, each.file_name) for each in papers]
    return Markup("<h2>Attachments</h2><p>{}</p>").format(Markup(", ").join(links)) if links else Markup("")


def _edit(own: str, body: Mapping[str, Any], typed: Mapping[str, str]) -> Markup:
    """The form, filled with what the transaction says, or with what was typed and refused."""
    references, dates = body["References"], body.get("Dates", {})

    def kept(label: str, name: str, value: object, sort: str = "text", *, needed: bool = False) -> Markup:
        return field(label, name, typed.get(name, value), sort=sort, needed=needed)

    fields = [
        kept("Title", "title", body.get("Title", ""), needed=True),
        kept("Supplier's reference", "supplier_reference", references.get("Supplier") or ""),
        *(kept(label, name, (dates.get(member) or "")[:10], "date") for label, name, member in _DATES),
    ]
    for line in body["Lines"]:
        number = line["Number"]
        inside = [
            kept("Description", f"description-{number}", line.get("Description", "")),
            kept("Net", f"net-{number}", line["Net"]["Local"]["Value"], "decimal", needed=True),
            kept("VAT", f"vat-{number}", line["Vat"]["Local"]["Value"], "decimal", needed=True),
            kept("Account code", f"account_code-{number}", _code(line, "Account Code")),
            kept("Tax code", f"tax_code-{number}", _code(line, "Tax Code")),
        ]
        legend = Markup('<fieldset class="fields"><legend>Line {}</legend>{}</fieldset>')
        fields.append(legend.format(number, joined(inside)))
    return Markup('<h2 id="edit">Edit</h2>') + form(f"{own}/edit", fields, "Save")


def _receive(own: str, shown: Shown) -> Markup:
    rest = still_open(shown.held.body, shown.received)
    fields = [field("Delivery note", "delivery_note", shown.typed.get("delivery_note", ""))]
    for line in shown.held.body["Lines"]:
        number = line["Number"]
        if number in rest:
            label = f"Line {number}: {line.get('Description', '')} ({rest[number]:f} open)"
            name = f"quantity-{number}"
            fields.append(field(label, name, shown.typed.get(name, f"{rest[number]:f}"), sort="decimal"))
    about = Markup(
        '<h2 id="receipt">Receipt</h2><p>Give what has come of each line; leave a line empty or at 0 if nothing has. A'
        " receipted line cannot be undone.</p>"
    )
    return about + form(f"{own}/receipt", fields, "Receipt these lines")


def _timeline(happened: Iterable[Mapping[str, str]]) -> Markup:
    heads = (Head("When (UTC)"), Head("Who"), Head("What"), Head("Comment", "long"))
    rows = [
        (each["at"][:19].replace("T", " "), each["user_name"], each["action"], each["comment"]) for each in happened
    ]
    return Markup("<h2>Timeline</h2>") + table(heads, rows, "Nothing has happened yet.")


def _deliveries(deliveries: Iterable[Sent]) -> Markup:
    parts = [
        Markup(
            "<details><summary>{}: answered {} after {} ms</summary><p>To <code>{}</code> with the headers"
            ' <code>{}</code>.</p><div class="scroll"><pre>{}</pre><pre>{}</pre></div></details>'
        ).format(
            sent.sent_at[:19].replace("T", " "),
            sent.status or "nothing",
            sent.milliseconds,
            sent.url,
            ", ".join(sent.header_names),
            sent.answer,
            sent.body,
        )
        for sent in deliveries
    ]
    return Markup('<h2 id="deliveries">Deliveries</h2>{}').format(
        joined(parts) or Markup("<p>It has not been sent yet.</p>")
    )


def _code(line: Mapping[str, Any], name: str) -> str:
    for entry in line.get("Analysis", ()):
        if plain(entry["Name"]) == plain(name):
            return str(entry["Value"]["Code"])
    return ""
