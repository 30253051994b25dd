"""Books of the version before get the accounts that sales need."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.transaction import atomic

from ledger.chart import ACCOUNTS, ROLES
from ledger.models import Account, Entry, Role
from ledger.services import open_books, trial_balance
from tests.factories import a_document
from tests.ledger.booked import line, money, post, sold
from tests.ledger.test_constraints import insert

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
OF_BEFORE = {code: role for code, role in ROLES.items() if role not in (Role.DEBTORS, Role.TAX_OUTPUT)}


def as_before(name: str) -> Any:
    """Books as the version before opened them, in a database of that version."""
    before = MigrationExecutor(connection).loader.project_state([("ledger", "0003_reference")]).apps
    books = before.get_model("ledger", "Books").objects.create(name=name, base_currency="GBP")
    for series in ("JNL", "MEM"):
        before.get_model("ledger", "Counter").objects.create(books=books, series=series)
    account = before.get_model("ledger", "Account")
    for code, title, kind in ACCOUNTS:
        account.objects.create(books=books, code=code, name=title, type=kind, role=OF_BEFORE.get(code, ""))
    before.get_model("ledger", "TaxCode").objects.create(books=books, code="T0", name="Zero rated", rate=0)
    return books


def roles(books: Any) -> dict[str, str]:
    """The accounts for sales, by role."""
    found = Account.objects.filter(books_id=books.pk, role__in=("debtors", "tax_output"))
    return {account.role: f"{account.code} {account.name} {account.type}" for account in found}


def test_books_get_the_accounts_of_their_chart_or_new_ones_beside_codes_in_use() -> None:
    call_command("migrate", "ledger", "0003", verbosity=0)
    try:
        plain, renamed = as_before("Northgate Training Ltd"), as_before("Harbour Street Catering Ltd")
        renamed.accounts.filter(code="1100").update(name="Deposits paid")
        renamed.accounts.filter(code="2200").delete()
        renamed.accounts.create(code="1101", name="Loans to staff", type="asset")
    finally:
        call_command("migrate", "ledger", verbosity=0)
    assert roles(plain) == {"debtors": "1100 Debtors control asset", "tax_output": "2200 VAT on sales liability"}
    assert roles(renamed) == {"debtors": "1102 Debtors control asset", "tax_output": "2200 VAT on sales liability"}
    kept = Account.objects.filter(books_id=renamed.pk, code__in=("1100", "1101")).order_by("code")
    assert [(one.name, one.role) for one in kept] == [("Deposits paid", ""), ("Loans to staff", "")]


def test_an_account_that_was_booked_to_stays_what_it_is() -> None:
    """Else its balance would be what customers owe and something else."""
    books = open_books("Northgate Training Ltd", "GBP")
    Account.objects.filter(books=books, role="debtors").update(role="")
    post(books, a_document(lines=(line(1, "1100", "T0", "100.00"),)), "bought")
    call_command("migrate", "ledger", "0003", verbosity=0)
    call_command("migrate", "ledger", verbosity=0)
    assert roles(books)["debtors"] == "1101 Debtors control asset"
    with atomic():
        post(books, money("30.00", ("30.00", post(books, sold(), "invoice"))), "payment")
    rows = {row.code: row.debit - row.credit for row in trial_balance(books).rows}
    assert (rows["1100"], rows["1101"], rows["1200"]) == (100, 70, 30)


def test_a_process_of_the_version_before_can_still_book() -> None:
    """While a new version is rolled out both run, and the old one knows nothing of the new columns."""
    books = open_books("Northgate Training Ltd", "GBP")
    entry = post(books, a_document(), "bought")
    new = {"id", "customer_id", "allocation_count", "sequence", "number", "external_key"}
    old = ", ".join(str(field.column) for field in Entry._meta.concrete_fields if field.column not in new)
    with atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO ledger_entry (sequence, number, external_key, {old}) "
            f"SELECT 2, 'JNL-000002', 'key-2', {old} FROM ledger_entry WHERE id = {entry.pk}"
        )
        again = Entry.objects.get(number="JNL-000002")
        for one in entry.lines.all():
            insert(one, entry_id=again.pk)
    assert (again.party, again.customer, again.allocation_count) == (entry.party, None, 0)
