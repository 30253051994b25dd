"""Which account and which tax code a line means, and why one cannot be booked to. No database."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.documents import Line
from integrations.errors import Misconfigured, Rejected
from ledger.models import Account, Books, Role, TaxCode

# What suppliers and customers owe adds up to these: nothing else is booked there.
CONTROLS = frozenset({Role.CREDITORS.value, Role.DEBTORS.value})


@dataclass(frozen=True, slots=True)
class Coding:
    """The accounts and tax codes that one document names, and the accounts that the ledger itself books to."""

    books: Books
    accounts: dict[str, Account]
    tax_codes: dict[str, TaxCode]
    controls: dict[str, Account]

    def account(self, line: Line) -> Account:
        """The line's account. Raises `Misconfigured` without a code, `Rejected` for one that cannot be booked to."""
        code, field = line.account_code, f"lines[{line.number}].account_code"
        if not code:
            raise Misconfigured(
                f"Line {line.number} has no account code. Code it at the source, or set a default account code on the "
                "connection.",
                field="defaults.account_code",
            )
        account = self.accounts.get(code)
        where = f"Line {line.number}: account code {code}"
        if account is None:
            raise Rejected(f"{where} is not in the chart of accounts of {self.books.name}.", field=field)
        if not account.active:
            raise Rejected(f"{where} ({account.name}) is inactive in the books of {self.books.name}.", field=field)
        if account.role in CONTROLS:
            raise Rejected(
                f"{where} ({account.name}) is kept by the ledger itself; choose another account.", field=field
            )
        return account

    def tax_code(self, line: Line) -> TaxCode:
        """The line's tax code. Raises `Misconfigured` without a code, `Rejected` for an unknown or inactive one."""
        code, field = line.tax_code, f"lines[{line.number}].tax_code"
        if not code:
            raise Misconfigured(
                f"Line {line.number} has no tax code. Code it at the source, or set a default tax code on the "
                "connection.",
                field="defaults.tax_code",
            )
        tax_code = self.tax_codes.get(code)
        where = f"Line {line.number}: tax code {code}"
        if tax_code is None:
            raise Rejected(f"{where} is not among the tax codes of {self.books.name}.", field=field)
        if not tax_code.active:
            raise Rejected(f"{where} ({tax_code.name}) is inactive in the books of {self.books.name}.", field=field)
        return tax_code

    def control(self, role: Role) -> Account:
        """The account with this role. Raises `Misconfigured` if the books have none."""
        try:
            return self.controls[role]
        except KeyError as error:
            raise Misconfigured(
                f"The books of {self.books.name} have no account for {role.label}.", field="books"
            ) from error
