"""From a document to the lines of an entry: pure functions.

Invoice: debit each line's account with its net and VAT on purchases with the tax of each tax code, credit creditors
with the gross. A credit note is the mirror image. What is sold is the same the other way round, with VAT on sales and
debtors. A customer's payment: debit the line's account, which is the bank, credit debtors; a refund is the mirror
image. A negative amount goes to the other side. What header and lines differ by (0.01 GBP per line at most, see
`ledger.services.amounts`) goes to the rounding account, so that the control account gets the header's gross.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from integrations.documents import Dimension, Document, Kind, Line
from integrations.errors import Rejected
from ledger.models import Account, EntryLine, MemoLine, Role, TaxCode
from ledger.services.amounts import Amounts
from ledger.services.coding import Coding

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a kind is booked: 1 where its lines are debits, -1 where they are credits; the account on the other side; the
    account of its tax, None where there is no tax."""

    direction: int
    control: Role
    tax: Role | None = None


SCHEMES: Final[Mapping[Kind, Scheme]] = {
    Kind.INVOICE: Scheme(1, Role.CREDITORS, Role.TAX_INPUT),
    Kind.CREDIT_NOTE: Scheme(-1, Role.CREDITORS, Role.TAX_INPUT),
    Kind.SALES_INVOICE: Scheme(-1, Role.DEBTORS, Role.TAX_OUTPUT),
    Kind.SALES_CREDIT_NOTE: Scheme(1, Role.DEBTORS, Role.TAX_OUTPUT),
    Kind.PAYMENT: Scheme(1, Role.DEBTORS),
    Kind.REFUND: Scheme(-1, Role.DEBTORS),
}


@dataclass(slots=True, kw_only=True)
class Draft:
    """An entry line to be. `amount` (base currency) and `document_amount` are positive for a debit."""

    account: Account
    amount: Decimal
    document_amount: Decimal
    description: str
    tax_code: TaxCode | None = None
    document_line: int | None = None
    analysis: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """What one document becomes: balanced entry lines, and its lines that book no net amount."""

    lines: list[EntryLine]
    memo_lines: list[MemoLine]

    @property
    def total(self) -> Decimal:
        """The sum of the debits, in the base currency."""
        return sum((line.debit for line in self.lines), ZERO)


def journal_of(document: Document, amounts: Amounts, coding: Coding) -> Journal:
    """The journal of a document of a kind in `SCHEMES`. Raises `Rejected` or `Misconfigured` for its coding, and
    `Rejected` if there is nothing to book at all."""
    drafts = [draft for draft in _drafts(document, amounts, coding) if draft.amount]
    if not drafts:
        raise Rejected("Every amount of the document is zero, so there is nothing to book.", field="gross")
    texts = [line for line, each in zip(document.lines, amounts.lines, strict=True) if not each.base.net]
    return Journal(
        [_entry_line(position, draft) for position, draft in enumerate(drafts, 1)], memo_lines_of(document, texts)
    )


def memo_lines_of(document: Document, lines: Iterable[Line]) -> list[MemoLine]:
    """Lines kept as text, as the document states them."""
    return [_memo_line(position, line, document) for position, line in enumerate(lines, 1)]


def _drafts(document: Document, amounts: Amounts, coding: Coding) -> list[Draft]:
    scheme = SCHEMES[document.kind]
    drafts = [*_lines(document, amounts, coding, scheme), *_taxes(document, amounts, coding, scheme)]
    owed = Draft(
        account=coding.control(scheme.control),
        amount=-scheme.direction * amounts.base.gross,
        document_amount=-scheme.direction * amounts.document.gross,
        description=document.party.name,
    )
    rounding = Draft(
        account=coding.control(Role.ROUNDING),
        amount=-owed.amount - sum((draft.amount for draft in drafts), ZERO),
        document_amount=-owed.document_amount - sum((draft.document_amount for draft in drafts), ZERO),
        description="Rounding difference",
    )
    return [*drafts, rounding, owed]


def _lines(document: Document, amounts: Amounts, coding: Coding, scheme: Scheme) -> list[Draft]:
    return [
        Draft(
            account=coding.account(line),
            tax_code=coding.tax_code(line) if scheme.tax else None,
            amount=scheme.direction * each.base.net,
            document_amount=scheme.direction * each.document.net,
            description=line.description,
            document_line=line.number,
            analysis=_analysis(document.dimensions, line.dimensions),
        )
        for line, each in zip(document.lines, amounts.lines, strict=True)
        if each.base.net
    ]


def _taxes(document: Document, amounts: Amounts, coding: Coding, scheme: Scheme) -> list[Draft]:
    if scheme.tax is None:
        return []
    by_code: dict[str, Draft] = {}
    for line, each in zip(document.lines, amounts.lines, strict=True):
        if not each.base.tax:
            continue
        tax_code = coding.tax_code(line)
        draft = by_code.setdefault(tax_code.code, _tax_draft(coding.control(scheme.tax), tax_code))
        draft.amount += scheme.direction * each.base.tax
        draft.document_amount += scheme.direction * each.document.tax
    return list(by_code.values())


def _tax_draft(account: Account, tax_code: TaxCode) -> Draft:
    return Draft(account=account, tax_code=tax_code, amount=ZERO, document_amount=ZERO, description=tax_code.name)


def _entry_line(position: int, draft: Draft) -> EntryLine:
    return EntryLine(
        position=position,
        account=draft.account,
        tax_code=draft.tax_code,
        description=draft.description,
        debit=max(draft.amount, ZERO),
        credit=max(-draft.amount, ZERO),
        document_amount=draft.document_amount,
        document_line=draft.document_line,
        analysis=draft.analysis or {},
    )


def _memo_line(position: int, line: Line, document: Document) -> MemoLine:
    return MemoLine(
        position=position,
        document_line=line.number,
        item_code=line.item_code,
        description=line.description,
        quantity=_plain(line.quantity),
        unit_price=_plain(line.unit_price),
        account_code=line.account_code or "",
        tax_code=line.tax_code or "",
        net=line.net,
        tax=line.tax,
        gross=line.gross,
        analysis=_analysis(document.dimensions, line.dimensions),
    )


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _analysis(header: Iterable[Dimension], line: Iterable[Dimension]) -> dict[str, str]:
    """Dimension codes by name; the line's own wins over the header's."""
    return {dimension.name: dimension.code for dimension in (*header, *line)}
