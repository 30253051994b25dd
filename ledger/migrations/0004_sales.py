"""Customers, entries of what is sold and paid, and what settles what.

Entries that are there stay as they are, and a process of the version before can still book: the new columns of entries
may be empty or have their default in the database. Books that are there get accounts for debtors and for VAT on sales:
the chart's own where nothing was booked to it, else a new one under the next free code, for the balance of a control
account is what customers owe and nothing else. Undoing it is possible until something was booked with a customer.

On PostgreSQL allocations are final like the entries that they belong to, and refused where they go beyond what an entry
has, what is open of the settled one, or between two customers, currencies or books.
"""

from __future__ import annotations

import itertools
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import ledger.fields

# Role: the chart's code, name and type.
ACCOUNTS = {
    "debtors": ("1100", "Debtors control", "asset"),
    "tax_output": ("2200", "VAT on sales", "liability"),
}

RULES = """
CREATE FUNCTION ledger_check_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT entry.number INTO wrong FROM ledger_entry entry
        WHERE entry.id IN (SELECT entry_id FROM added)
        AND (SELECT count(*) FROM ledger_entryallocation WHERE entry_id = entry.id) > entry.allocation_count LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Entry % has all its allocations; none can be added.', wrong.number
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT entry.number, settled.number AS other INTO wrong
        FROM added JOIN ledger_entry entry ON entry.id = added.entry_id
        JOIN ledger_entry settled ON settled.id = added.settled_id
        WHERE (entry.books_id, entry.customer_id, entry.currency)
        IS DISTINCT FROM (settled.books_id, settled.customer_id, settled.currency) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Entry % settles %, which is of another customer, currency or books.', wrong.number, wrong.other
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT entry.number, entry.gross, used.amount INTO wrong
        FROM ledger_entry entry CROSS JOIN LATERAL (SELECT coalesce(sum(part.amount), 0) AS amount FROM (
            SELECT amount FROM ledger_entryallocation gone WHERE gone.entry_id = entry.id
                AND NOT EXISTS (SELECT 1 FROM ledger_entry undone WHERE undone.reverses_id = gone.settled_id)
            UNION ALL
            SELECT CASE WHEN source.kind = 'refund' AND entry.kind = 'sales_invoice' THEN -come.amount
                ELSE come.amount END
                FROM ledger_entryallocation come JOIN ledger_entry source ON source.id = come.entry_id
                WHERE come.settled_id = entry.id
                AND NOT EXISTS (SELECT 1 FROM ledger_entry undone WHERE undone.reverses_id = source.id)
        ) AS part) AS used
        WHERE entry.id IN (SELECT entry_id FROM added UNION SELECT settled_id FROM added)
        AND used.amount NOT BETWEEN 0 AND entry.gross LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Entry % is over %, but % of it would be settled (ten-thousandths).',
            wrong.number, wrong.gross, wrong.amount USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_miss_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM ledger_entryallocation WHERE entry_id = NEW.id) <> NEW.allocation_count THEN
        RAISE EXCEPTION 'Entry % should have % allocations, but has fewer.', NEW.number, NEW.allocation_count
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_entryallocation_is_final BEFORE UPDATE OR DELETE ON ledger_entryallocation
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_entryallocation_fits AFTER INSERT ON ledger_entryallocation REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_allocations();
CREATE CONSTRAINT TRIGGER ledger_entry_has_its_allocations AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.allocation_count > 0) EXECUTE FUNCTION ledger_miss_allocations();
"""

UNDO = """
DROP TRIGGER ledger_entryallocation_is_final ON ledger_entryallocation;
DROP FUNCTION ledger_check_allocations() CASCADE;
DROP FUNCTION ledger_miss_allocations() CASCADE;
"""


def create(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the functions and the triggers, on PostgreSQL only."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(RULES, None)


def remove(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take them away again."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(UNDO, None)


def give_accounts(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    """Both new roles, in all books that were opened with a chart."""
    account = apps.get_model("ledger", "Account")
    for books in account.objects.values_list("books_id", flat=True).distinct().order_by("books_id"):
        for role in ACCOUNTS:
            _give(account, books, role)


def _give(account: Any, books: Any, role: str) -> None:
    code, name, kind = ACCOUNTS[role]
    unused = account.objects.filter(books_id=books, role="", name=name, type=kind, lines=None).order_by("code").first()
    if unused is not None:
        account.objects.filter(pk=unused.pk).update(role=role)
        return
    taken = set(account.objects.filter(books_id=books).values_list("code", flat=True))
    free = next(str(number) for number in itertools.count(int(code)) if str(number) not in taken)
    account.objects.create(books_id=books, code=free, name=name, type=kind, role=role)


def take_roles(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    """The accounts stay, as ordinary ones."""
    apps.get_model("ledger", "Account").objects.filter(role__in=ACCOUNTS).update(role="")


class Migration(migrations.Migration):
    """Customers, allocations, accounts for debtors and for VAT on sales."""

    dependencies = [
        ("ledger", "0003_reference"),
    ]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="role",
            field=models.CharField(
                blank=True,
                choices=[
                    ("creditors", "Creditors control"),
                    ("tax_input", "VAT on purchases"),
                    ("debtors", "Debtors control"),
                    ("tax_output", "VAT on sales"),
                    ("rounding", "Rounding differences"),
                ],
                default="",
                editable=False,
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="supplier",
            name="active",
            field=models.BooleanField(default=True, help_text="Documents of an inactive one are refused."),
        ),
        migrations.AlterField(
            model_name="supplier",
            name="books",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="ledger.books",
            ),
        ),
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=200)),
                ("name_key", models.CharField(editable=False, max_length=200)),
                (
                    "made_on_sight",
                    models.BooleanField(
                        default=False, editable=False, help_text="Made by a document, not by a person."
                    ),
                ),
                ("active", models.BooleanField(default=True, help_text="Documents of an inactive one are refused.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("email", models.EmailField(blank=True, default="", max_length=254)),
                ("address", models.CharField(blank=True, default="", max_length=500)),
                ("town", models.CharField(blank=True, default="", max_length=100)),
                ("county", models.CharField(blank=True, default="", max_length=100)),
                ("postcode", models.CharField(blank=True, default="", max_length=20)),
                (
                    "country",
                    models.CharField(blank=True, default="", help_text="A name or a code, as it came.", max_length=100),
                ),
                (
                    "books",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="ledger.books",
                    ),
                ),
            ],
            options={
                "ordering": ("code",),
                "constraints": [models.UniqueConstraint(fields=("books", "code"), name="customer_code_once_per_books")],
                "indexes": [models.Index(fields=["books", "name_key"], name="ledger_customer_by_name")],
            },
        ),
        migrations.AddField(
            model_name="entry",
            name="allocation_count",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="entry",
            name="customer",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="ledger.customer",
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("invoice", "Invoice"),
                    ("credit_note", "Credit note"),
                    ("sales_invoice", "Sales invoice"),
                    ("sales_credit_note", "Sales credit note"),
                    ("payment", "Payment"),
                    ("refund", "Refund"),
                    ("reversal", "Reversal"),
                    ("memo", "Memo"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="supplier",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="ledger.supplier",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("customer__isnull", True), ("supplier__isnull", False)),
                    models.Q(("customer__isnull", False), ("supplier__isnull", True)),
                    _connector="OR",
                ),
                name="entry_has_one_party",
            ),
        ),
        migrations.CreateModel(
            name="EntryAllocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                (
                    "settled",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="settlements", to="ledger.entry"
                    ),
                ),
                ("amount", ledger.fields.MoneyField()),
                (
                    "entry",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations",
                        to="ledger.entry",
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
                "constraints": [
                    models.UniqueConstraint(fields=("entry", "position"), name="allocation_position_once_per_entry"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="allocation_above_zero"),
                    models.CheckConstraint(
                        condition=models.Q(("entry", models.F("settled")), _negated=True),
                        name="allocation_to_another_entry",
                    ),
                ],
            },
        ),
        migrations.RunPython(create, remove),
        migrations.RunPython(give_accounts, take_roles),
    ]
