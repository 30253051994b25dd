"""A company's pages: its trays with what can be done, where it sends to, and what it sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from integrations.documents import Kind
from integrations.icompleat.samples import NAMES
from integrations.icompleat.standin.companies import DEFAULT_TOKEN_HEADER, Target
from integrations.icompleat.standin.deliveries import Sent
from integrations.icompleat.standin.kinds import KINDS, Tray
from integrations.icompleat.standin.pages.parts import (
    Head,
    badge,
    banner,
    button,
    buttons,
    choice,
    field,
    form,
    joined,
    pager,
    table,
    tabs,
)
from integrations.icompleat.standin.steps import STEPS
from integrations.icompleat.standin.summary import Summary

_QUIET: Final = frozenset({"delete", "recall", "deny", "return"})
_ALL: Final = {Tray.AWAITING_APPROVAL: ("approve", "Approve all"), Tray.POSTING_FAILURES: ("retry", "Retry all")}


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is shown of a tray: how many lie there, and some of them, each with the steps that are possible."""

    tray: Tray
    count: int
    rows: Sequence[tuple[Summary, Sequence[str]]]
    page: int = 1
    has_more: bool = False


def company_tabs(root: str, company_id: str, here: str) -> Markup:
    """The way between a company's pages."""
    base = f"{root}/companies/{company_id}"
    links = {
        "All companies": f"{root}/",
        "Trays": base,
        "Endpoints": f"{base}/endpoints",
        "Lists": f"{base}/lists",
        "Deliveries": f"{base}/deliveries",
        "Faults": f"{root}/faults",
    }
    return tabs(links, here)


def trays(root: str, company: Mapping[str, str], shelves: Iterable[Shelf], done: Summary | None) -> Markup:
    """The trays, and a way to make more. `done` is the transaction that was just acted on."""
    base = f"{root}/companies/{company['id']}"
    samples = choice("Sample", "sample", {name: name for name in NAMES})
    return joined(
        [
            company_tabs(root, company["id"], "Trays"),
            outcome(done) if done else Markup(""),
            *(_shelf(root, base, shelf) for shelf in shelves),
            # Once all samples are approved there would be nothing left to try.
            Markup("<h2>Make another transaction</h2>"),
            form(f"{base}/transactions", [samples], "Make it"),
        ]
    )


def outcome(done: Summary) -> Markup:
    """What came of the last step, as a sentence."""
    if done.tray is Tray.POSTING_FAILURES:
        return banner(f"{done.number} was not posted. {done.reason}", is_good=False)
    if done.journal_number:
        return banner(f"{done.number} was posted: journal number {done.journal_number}", is_good=True)
    return banner(f"{done.number} lies in {done.tray.label}.", is_good=True)


def step_buttons(root: str, shown: Summary, steps: Iterable[str], back: str = "") -> Markup:
    """A button for each step that is possible."""
    return buttons(
        button(
            f"{root}/transactions/{shown.id}/{step}",
            STEPS[step].label,
            about=f"{shown.kind.label.lower()} {shown.number}",
            back=back,
            asks="Why" if back and step == "deny" else "",
            second=step in _QUIET,
        )
        for step in steps
    )


def _shelf(root: str, base: str, shelf: Shelf) -> Markup:
    heading = Markup('<h2 id="{}">{} <span class="count">{}</span></h2>').format(
        shelf.tray, badge(shelf.tray), shelf.count
    )
    last = "Reason" if shelf.tray is Tray.POSTING_FAILURES else "Journal number"
    sort = "long" if shelf.tray is Tray.POSTING_FAILURES else ""
    heads = (Head("Number"), Head("Kind"), Head("Supplier"), Head("Gross", "amount"), Head(last, sort), Head("Steps"))
    rows = [
        (
            Markup('<a href="{}/transactions/{}">{}</a>').format(root, shown.id, shown.number),
            shown.kind.label,
            shown.supplier,
            shown.amount,
            shown.journal_number or shown.reason,
            # What takes something away needs a look at it first.
            step_buttons(root, shown, (step for step in steps if step != "delete")),
        )
        for shown, steps in shelf.rows
    ]
    parts = [heading, table(heads, rows, "Nothing lies here.")]
    if shelf.tray in _ALL and shelf.count > 1:
        step, label = _ALL[shelf.tray]
        parts.append(button(f"{base}/{step}", f"{label} ({shelf.count})", second=True))
    parts.append(pager(f"{base}?tray={shelf.tray}&page=", shelf.page, has_more=shelf.has_more))
    return Markup("<section>{}</section>").format(joined(parts))


def endpoints(root: str, company: Mapping[str, str], targets: Mapping[Kind, Target]) -> Markup:
    """Where each kind is sent, and a form to change it. The tokens are not shown."""
    heads = (Head("Kind"), Head("URL"), Head("Token header"))
    rows = [
        (
            kind.label,
            Markup("<code>{}</code>").format(target.url),
            Markup("<code>{}</code>").format(target.token_header),
        )
        for kind, target in targets.items()
    ]
    kinds = {"all": "All kinds", **{kind.value: kind.label for kind in KINDS}}
    fields = [
        choice("Kind", "kind", kinds),
        field("URL", "url", sort="url", needed=True),
        field("Secret token", "token", needed=True),
        field("Token header", "token_header", DEFAULT_TOKEN_HEADER, needed=True),
    ]
    return joined(
        [
            company_tabs(root, company["id"], "Endpoints"),
            Markup(
                "<p>On approval a transaction is sent to the address of its kind, with that kind's secret token.</p>"
            ),
            table(heads, rows, "No endpoint is configured: what is approved now will lie among the posting failures."),
            Markup("<h2>Configure an endpoint</h2>"),
            form(f"{root}/companies/{company['id']}/endpoints", fields, "Save endpoint"),
        ]
    )


def deliveries(root: str, company: Mapping[str, str], sent: Iterable[Sent]) -> Markup:
    """The last deliveries of a company, newest first."""
    heads = (Head("Sent"), Head("To"), Head("Answer", "amount"), Head("Journal number"), Head("ms", "amount"), Head(""))
    rows = [
        (
            Markup('<time datetime="{}">{}</time>').format(each.sent_at, each.sent_at[:19].replace("T", " ")),
            Markup("<code>{}</code>").format(each.url),
            each.status or "none",
            each.journal_number or "none",
            each.milliseconds,
            Markup('<a href="{}/transactions/{}#deliveries">Look</a>').format(root, each.transaction_id),
        )
        for each in sent
    ]
    return joined(
        [
            company_tabs(root, company["id"], "Deliveries"),
            Markup("<p>The last hundred, newest first; times are UTC.</p>"),
            table(heads, rows, "Nothing has been delivered yet. Approve a transaction."),
        ]
    )
