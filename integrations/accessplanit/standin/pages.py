"""The web pages' contents: plain forms and tables, without script or inline style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from integrations.accessplanit.standin.faults import SHAPES
from integrations.accessplanit.standin.life import CREDIT_NOTE_METHOD, METHODS

_MINUS: Final = "\N{MINUS SIGN}"
_AMOUNTS: Final = frozenset({"Total", "Outstanding", "Amount", "Tax"})
_LONG: Final = frozenset({"What it does", "Body", "Answer", "Sent to"})
# A state is a word with a shape and a colour.
_BADGES: Final = {
    "Completed": ("good", "✓"),
    "Part-Completed": ("wait", "◷"),
    "Outstanding": ("wait", "◷"),
    "Temporary": ("calm", "○"),
    "Cancelled": ("void", "⊘"),
}
_Record = Mapping[str, Any]


def overview(root: str, base: str, platforms: Sequence[_Record]) -> Markup:
    """Every platform with what a connection needs."""
    about = Markup(
        "<p>A stand-in for accessplanit. Open a platform, raise an invoice and take a payment: a webhook hints at it,"
        ' and the feeds tell it. <a href="{}/behaviour">Knobs</a> make it misbehave.</p>'
    ).format(root)
    shown = [
        Markup('<h2><a href="{}/platforms/{}">{}</a></h2>').format(root, one["slug"], one["name"])
        + _terms(
            {
                "Address of the platform": f"{base}{one['slug']}/accessplansandbox",
                "API key": one["api_key"],
                "User name": one["username"],
                "Password": one["password"],
            }
        )
        for one in platforms
    ]
    new = Markup("<h2>Make a platform</h2>") + _form(f"{root}/platforms", _field("Name", "name"), "Make the platform")
    return about + Markup("").join(shown) + new


def platform(root: str, one: _Record, records: Mapping[str, Sequence[_Record]], courses: Sequence[str]) -> Markup:
    """The invoices and payments of a platform, a form to raise an invoice, and where webhooks go."""
    here = f"{root}/platforms/{one['slug']}"
    back = Markup('<p><a href="{}/">All platforms</a> · <a href="{}/webhooks">Webhooks</a></p>').format(root, here)
    heads = ("Invoice", "Made", "Customer", "Total", "Outstanding", "Status", "PO number")
    invoices = [
        (
            Markup('<a href="{}/invoices/{}">{}</a>').format(here, row["ID"], row["Reference"]),
            row["DateCreated"][:10],
            row["TargetLabel"],
            _amount(row["Amount"]),
            _amount(row["Outstanding"]),
            _badge(row["Status"]),
            row["PONumber"],
        )
        for row in reversed(records["Invoice"])
    ]
    listed = _table(heads, invoices, "There is no invoice yet. Raise one below.")
    fields = (
        _choice("Customer", "customer", [(row["ID"], row["Name"]) for row in records["Company"]]),
        _choice("Course", "course", [(name, name) for name in courses]),
        _field("Delegate", "delegate", needed=False),
        _field("Discount", "discount", needed=False),
        _field("PO number", "order_number", needed=False),
        _tick("Temporary", "temporary", is_on=False),
    )
    raising = Markup("<h2>Raise an invoice</h2>") + _form(f"{here}/invoices", _joined(fields), "Raise the invoice")
    return back + listed + raising + Markup("<h2>Transactions</h2>") + _money(records["Transaction"]) + _hook(here, one)


def invoice(root: str, slug: str, one: _Record, parts: Mapping[str, Sequence[_Record]]) -> Markup:
    """One invoice with its items, and everything that can be done with it."""
    here = f"{root}/platforms/{slug}/invoices/{one['ID']}"
    back = Markup('<p><a href="{}/platforms/{}">All invoices</a></p>').format(root, slug)
    told = ("TargetLabel", "DateCreated", "DateDue", "Status", "Amount", "AmountPaid", "Outstanding", "PONumber")
    facts = _terms({name: str(one[name]) for name in (*told, "CF_Journal_number") if one.get(name) != ""})
    heads = ("Item", "Sold", "Amount", "Tax")
    rows = [
        (row["DynamicLabel"], f"{row['SourceIDType']} {row['SourceID']}", _amount(row["Amount"]), _amount(row["Tax"]))
        for row in parts["InvoiceItem"]
    ]
    notes = [(row["Reference"], row["DateCreated"], _amount(row["Amount"])) for row in parts["CreditNote"]]
    credits_ = _table(("Credit note", "Made", "Amount"), notes, "No credit note.")
    items = Markup("<h2>Items</h2>") + _table(heads, rows, "It has no items.")
    paid = Markup("<h2>Paid</h2>") + _money(parts["Transaction"]) + credits_
    return back + facts + items + paid + Markup("<h2>What can be done</h2>") + _acts(here, one)


def _acts(here: str, one: _Record) -> Markup:
    """What its status allows."""
    money = _field("Amount", "amount", str(max(one["Outstanding"], 0)))
    methods = _choice("Method", "method", [(name, name) for name in METHODS if name != CREDIT_NOTE_METHOD])
    reference = _field("Reference", "reference", needed=False)
    back = _field("Amount", "amount", str(one["AmountPaid"]))
    changes = _field("PO number", "PONumber", one["PONumber"], needed=False) + _field("Due", "DateDue", one["DateDue"])
    forms = {
        "commit": ("Commit", Markup("")),
        "pay": ("Take a payment", money + methods + reference),
        "refund": ("Refund", back + methods + reference),
        "credit": ("Credit", money),
        "change": ("Change", changes),
        "cancel": ("Cancel the invoice", Markup("")),
    }
    allowed = {"Temporary": ("commit", "change", "cancel"), "Cancelled": ()}
    shown = allowed.get(one["Status"], ("pay", "refund", "credit", "change", "cancel"))
    return _joined(_form(f"{here}/{act}", forms[act][1], forms[act][0]) for act in shown)


def webhooks(root: str, slug: str, rows: Sequence[_Record]) -> Markup:
    """What was sent, the latest first."""
    back = Markup('<p><a href="{}/platforms/{}">All invoices</a></p>').format(root, slug)
    shown = [
        (row["method"], f"{row['module']} {row['id']}", row["state"], row["url"], row["body"], row["answer"])
        for row in rows
    ]
    return back + _table(("Method", "Record", "State", "Sent to", "Body", "Answer"), shown, "Nothing was sent yet.")


def faults(root: str, told: Mapping[str, Mapping[str, Any]]) -> Markup:
    """All knobs in one form."""
    back = Markup('<p><a href="{}/">All platforms</a></p>').format(root)
    rows = [(_knob(name, one["value"]), one["about"]) for name, one in told.items()]
    table = _table(("Knob", "What it does"), rows, "")
    return back + _form(f"{root}/behaviour", table, "Save", is_grid=False)


def _knob(name: str, value: Any) -> Markup:
    if isinstance(value, bool):
        return _tick(name, name, is_on=value)
    if name == "hook_shape":
        return _choice(name, name, [(one, one) for one in SHAPES], str(value))
    return _field(name, name, str(value))


def _hook(here: str, one: _Record) -> Markup:
    fields = _field("Address", "url", one["hook_url"], needed=False) + _field(
        "Token", "token", one["hook_token"], needed=False
    )
    about = Markup(
        "<h2>Webhook</h2><p>Sent by POST for what was made, PUT for what changed, DELETE for what is gone.</p>"
    )
    return about + _form(f"{here}/hook", fields, "Save")


def _money(rows: Sequence[_Record]) -> Markup:
    heads = ("Transaction", "Made", "Method", "Reference", "Amount")
    shown = [
        (row["ID"], row["DateCreated"], row["TransactionMethod"], row["Reference"], _amount(row["Amount"]))
        for row in reversed(rows)
    ]
    return _table(heads, shown, "No payment or refund yet.")


def _amount(value: Any) -> str:
    text = f"{abs(value):,.2f}"
    return _MINUS + text if value < 0 else text


def _badge(status: str) -> Markup:
    colour, shape = _BADGES.get(status, ("calm", "○"))
    whole = Markup('<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>')
    return whole.format(colour, shape, status)


def _terms(shown: Mapping[str, str]) -> Markup:
    rows = (Markup("<dt>{}</dt><dd><code>{}</code></dd>").format(name, value) for name, value in shown.items())
    return Markup("<dl>{}</dl>").format(_joined(rows))


def _form(action: str, fields: Markup, button: str, *, is_grid: bool = True) -> Markup:
    """A form with its fields in a grid and one button."""
    sort = Markup(' class="fields"') if is_grid and fields else Markup("")
    whole = Markup('<form method="post" action="{}"{}>{}<div><button>{}</button></div></form>')
    return whole.format(action, sort, fields, button)


def _field(label: str, name: str, value: str = "", *, needed: bool = True) -> Markup:
    required = Markup(" required") if needed else ""
    return Markup('<label>{} <input name="{}" value="{}"{}></label> ').format(label, name, value, required)


def _tick(label: str, name: str, *, is_on: bool) -> Markup:
    checked = Markup(" checked") if is_on else ""
    return Markup('<label><input type="checkbox" name="{}" value="on"{}> {}</label> ').format(name, checked, label)


def _choice(label: str, name: str, options: Iterable[tuple[str, str]], chosen: str = "") -> Markup:
    shown = _joined(
        Markup('<option value="{}"{}>{}</option>').format(value, Markup(" selected") if value == chosen else "", text)
        for value, text in options
    )
    return Markup('<label>{} <select name="{}">{}</select></label> ').format(label, name, shown)


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> Markup:
    """A table that scrolls on a narrow screen, or a sentence where there are no rows."""
    if not rows:
        return Markup("<p>{}</p>").format(empty)
    head = _joined(Markup('<th scope="col"{}>{}</th>').format(_side(name), name) for name in heads)
    body = _joined(Markup("<tr>{}</tr>").format(_joined(map(_cell, heads, row))) for row in rows)
    whole = Markup('<div class="scroll"><table class="stack"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>')
    return whole.format(head, body)


def _cell(head: str, value: object) -> Markup:
    return Markup('<td data-label="{}"{}>{}</td>').format(head, _side(head), value)


def _side(head: str) -> Markup:
    if head in _AMOUNTS:
        return Markup(' class="amount"')
    return Markup(' class="long"') if head in _LONG else Markup("")


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
