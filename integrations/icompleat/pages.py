"""The stand-in's web pages: what lies in which tray, where it is sent, and what was said. Plain forms, no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from integrations.documents import Kind
from integrations.icompleat.samples import NAMES
from integrations.icompleat.summary import KINDS, Summary
from integrations.icompleat.trays import DEFAULT_TOKEN_HEADER, Sent, Target, Tray

_ACTIONS: Final = {Tray.AWAITING_APPROVAL: ("approve", "Approve"), Tray.POSTING_FAILURES: ("retry", "Retry posting")}
_INTRODUCTION: Final = Markup(
    "<p>A stand-in for iCompleat. Approve a transaction: it is sent to the address that is configured for its kind, and"
    " the journal number that comes back is shown beside it. Without one it lies among the posting failures.</p>"
)


def overview(
    root: str,
    companies: Sequence[Mapping[str, str]],
    transactions: Mapping[str, Sequence[Summary]],
    targets: Mapping[str, Mapping[Kind, Target]],
    done: Summary | None,
) -> Markup:
    """Every company with its trays and endpoints. `done` is the transaction that was just delivered."""
    parts = [_INTRODUCTION, _outcome(done) if done else Markup("")]
    if not companies:
        parts.append(
            Markup("<p>There is no company yet. The demo makes two; see the control interface for your own.</p>")
        )
    for company in companies:
        parts.append(Markup("<h2>{name}</h2><p>Company <code>{id}</code></p>").format(**company))
        parts.append(_maker(root, company["id"]))
        parts += [_tray(root, tray, transactions[company["id"]]) for tray in Tray]
        parts.append(_endpoints(root, company["id"], targets[company["id"]]))
    return Markup("").join(parts)


def transaction(root: str, shown: Summary, deliveries: Iterable[Sent]) -> Markup:
    """One transaction with everything that was sent and answered."""
    parts = [
        Markup('<p><a href="{}/">All transactions</a></p>').format(root),
        Markup("<p>{} of {}, {}. Tray: {}. Journal number: {}. {}</p>").format(
            shown.kind.label,
            shown.supplier,
            shown.amount,
            shown.tray.label,
            shown.journal_number or "none",
            shown.reason,
        ),
        _button(root, shown),
    ]
    for sent in deliveries:
        parts.append(Markup("<h2>Sent {}</h2>").format(sent.sent_at))
        parts.append(
            Markup("<p>To <code>{}</code> with the headers <code>{}</code>. Answered {} after {} ms.</p>").format(
                sent.url, ", ".join(sent.header_names), sent.status or "nothing", sent.milliseconds
            )
        )
        parts.append(Markup('<div class="scroll"><pre>{}</pre><pre>{}</pre></div>').format(sent.answer, sent.body))
    return Markup("").join(parts)


def _outcome(done: Summary) -> Markup:
    if done.journal_number:
        return Markup('<p role="status"><strong>{} was posted: journal number {}</strong></p>').format(
            done.number, done.journal_number
        )
    return Markup('<p role="status"><strong>{} was not posted. {}</strong></p>').format(done.number, done.reason)


def _maker(root: str, company_id: str) -> Markup:
    """Once all samples are approved there would be nothing left to try."""
    samples = Markup("").join(Markup("<option>{}</option>").format(name) for name in NAMES)
    return Markup(
        '<form method="post" action="{}/companies/{}/transactions"><p><label>Sample <select name="sample">{}</select>'
        "</label> <button>Make another transaction</button></p></form>"
    ).format(root, company_id, samples)


def _tray(root: str, tray: Tray, transactions: Sequence[Summary]) -> Markup:
    rows = Markup("").join(_row(root, shown) for shown in transactions if shown.tray is tray)
    if not rows:
        return Markup("<h3>{}</h3><p>Nothing lies here.</p>").format(tray.label)
    last = "Reason" if tray is Tray.POSTING_FAILURES else "Journal number"
    return Markup(
        '<h3>{}</h3><div class="scroll"><table><thead><tr><th>Number</th><th>Kind</th><th>Supplier</th>'
        '<th class="amount">Gross</th><th>{}</th><th></th></tr></thead><tbody>{}</tbody></table></div>'
    ).format(tray.label, last, rows)


def _row(root: str, shown: Summary) -> Markup:
    return Markup(
        '<tr><td><a href="{}/transactions/{}">{}</a></td><td>{}</td><td>{}</td><td class="amount">{}</td><td>{}</td>'
        "<td>{}</td></tr>"
    ).format(
        root,
        shown.id,
        shown.number,
        shown.kind.label,
        shown.supplier,
        shown.amount,
        shown.journal_number or shown.reason,
        _button(root, shown),
    )


def _button(root: str, shown: Summary) -> Markup:
    if shown.tray not in _ACTIONS:
        return Markup("")
    action, label = _ACTIONS[shown.tray]
    return Markup(
        '<form method="post" action="{}/transactions/{}/{}"><button aria-label="{} {}">{}</button></form>'
    ).format(root, shown.id, action, label, shown.number, label)


def _endpoints(root: str, company_id: str, targets: Mapping[Kind, Target]) -> Markup:
    rows = Markup("").join(
        Markup("<tr><td>{}</td><td><code>{}</code></td><td><code>{}</code></td></tr>").format(
            kind.label, target.url, target.token_header
        )
        for kind, target in targets.items()
    )
    options = Markup("").join(Markup('<option value="{}">{}</option>').format(kind.value, kind.label) for kind in KINDS)
    table = (
        Markup(
            '<div class="scroll"><table><thead><tr><th>Kind</th><th>URL</th><th>Token header</th></tr></thead>'
            "<tbody>{}</tbody></table></div>"
        ).format(rows)
        if rows
        else Markup("<p>No endpoint is configured.</p>")
    )
    return Markup("<h3>Endpoints</h3>{}").format(table) + Markup(
        '<form method="post" action="{root}/companies/{company_id}/endpoints">'
        '<p><label>Kind <select name="kind"><option value="all">All kinds</option>{options}</select></label> '
        '<label>URL <input name="url" type="url" required size="60"></label> '
        '<label>Secret token <input name="token" required autocomplete="off"></label> '
        '<label>Token header <input name="token_header" required value="{header}"></label> '
        "<button>Save endpoint</button></p></form>"
    ).format(root=root, company_id=company_id, options=options, header=DEFAULT_TOKEN_HEADER)
