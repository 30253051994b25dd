"""The ledger's tables."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import ledger.fields


class Migration(migrations.Migration):
    """Books, master data, entries with their lines."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Books",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                (
                    "base_currency",
                    models.CharField(help_text="ISO 4217 code; every debit and credit is in it.", max_length=3),
                ),
                (
                    "closed_through",
                    models.DateField(
                        blank=True,
                        help_text="Nothing is booked on this day or before it. Empty: no period is closed.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "books",
                "verbose_name_plural": "books",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=200)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("asset", "Asset"),
                            ("liability", "Liability"),
                            ("equity", "Capital and reserves"),
                            ("income", "Income"),
                            ("expense", "Expense"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("creditors", "Creditors control"),
                            ("tax_input", "VAT on purchases"),
                            ("rounding", "Rounding differences"),
                        ],
                        default="",
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "active",
                    models.BooleanField(default=True, help_text="Documents coded to an inactive account are refused."),
                ),
                (
                    "books",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accounts",
                        to="ledger.books",
                    ),
                ),
            ],
            options={
                "ordering": ("code",),
            },
        ),
        migrations.CreateModel(
            name="Counter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("series", models.CharField(choices=[("JNL", "Journal"), ("MEM", "Memo")], max_length=3)),
                ("last", models.PositiveBigIntegerField(default=0)),
                (
                    "books",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counters",
                        to="ledger.books",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("series", models.CharField(choices=[("JNL", "Journal"), ("MEM", "Memo")], max_length=3)),
                ("sequence", models.PositiveBigIntegerField()),
                (
                    "number",
                    models.CharField(help_text="For example JNL-000001; without gaps in its series.", max_length=30),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("invoice", "Invoice"),
                            ("credit_note", "Credit note"),
                            ("reversal", "Reversal"),
                            ("memo", "Memo"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "document_kind",
                    models.CharField(
                        choices=[
                            ("purchase_order", "Purchase order"),
                            ("invoice", "Invoice"),
                            ("credit_note", "Credit note"),
                            ("receipt", "Receipt"),
                            ("sales_invoice", "Sales invoice"),
                            ("sales_credit_note", "Sales credit note"),
                            ("payment", "Payment"),
                            ("refund", "Refund"),
                        ],
                        max_length=20,
                    ),
                ),
                ("date", models.DateField()),
                (
                    "external_key",
                    models.CharField(help_text="The idempotency key: one entry per key and books.", max_length=200),
                ),
                ("reference", models.CharField(db_index=True, help_text="The portal's journal number.", max_length=60)),
                (
                    "document_number",
                    models.CharField(db_index=True, help_text="The source's own number.", max_length=100),
                ),
                ("order_number", models.CharField(blank=True, db_index=True, max_length=100)),
                (
                    "supplier_reference",
                    models.CharField(
                        blank=True, db_index=True, help_text="The supplier's own document number.", max_length=100
                    ),
                ),
                ("description", models.CharField(blank=True)),
                ("currency", models.CharField(max_length=3)),
                ("net", ledger.fields.MoneyField()),
                ("tax", ledger.fields.MoneyField()),
                ("gross", ledger.fields.MoneyField()),
                ("base_net", ledger.fields.MoneyField(null=True)),
                ("base_tax", ledger.fields.MoneyField(null=True)),
                ("base_gross", ledger.fields.MoneyField(null=True)),
                ("line_count", models.PositiveIntegerField()),
                ("memo_count", models.PositiveIntegerField()),
                ("total", ledger.fields.MoneyField(help_text="The sum of the debits in base currency.")),
                ("posted_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "books",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="ledger.books",
                    ),
                ),
                (
                    "reverses",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversal",
                        to="ledger.entry",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entries",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="MemoLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("document_line", models.IntegerField()),
                ("item_code", models.CharField(blank=True)),
                ("description", models.CharField(blank=True)),
                ("quantity", models.CharField(blank=True)),
                ("unit_price", models.CharField(blank=True)),
                ("account_code", models.CharField(blank=True)),
                ("tax_code", models.CharField(blank=True)),
                ("net", ledger.fields.MoneyField()),
                ("tax", ledger.fields.MoneyField()),
                ("gross", ledger.fields.MoneyField()),
                ("analysis", models.JSONField(default=dict, help_text="Dimensions by name, such as Department: TRN.")),
                (
                    "entry",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memo_lines",
                        to="ledger.entry",
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
            },
        ),
        migrations.CreateModel(
            name="Supplier",
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
                (
                    "active",
                    models.BooleanField(default=True, help_text="Documents of an inactive supplier are refused."),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "books",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suppliers",
                        to="ledger.books",
                    ),
                ),
            ],
            options={
                "ordering": ("code",),
            },
        ),
        migrations.AddField(
            model_name="entry",
            name="supplier",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="ledger.supplier"
            ),
        ),
        migrations.CreateModel(
            name="TaxCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=200)),
                ("rate", models.DecimalField(decimal_places=4, help_text="In per cent.", max_digits=7)),
                (
                    "active",
                    models.BooleanField(default=True, help_text="Documents with an inactive tax code are refused."),
                ),
                (
                    "books",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tax_codes",
                        to="ledger.books",
                    ),
                ),
            ],
            options={
                "ordering": ("code",),
            },
        ),
        migrations.CreateModel(
            name="EntryLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("description", models.CharField(blank=True)),
                ("debit", ledger.fields.MoneyField()),
                ("credit", ledger.fields.MoneyField()),
                ("document_amount", ledger.fields.MoneyField()),
                ("document_line", models.IntegerField(null=True)),
                ("analysis", models.JSONField(default=dict, help_text="Dimensions by name, such as Department: TRN.")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="ledger.account"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="ledger.entry",
                    ),
                ),
                (
                    "tax_code",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="ledger.taxcode",
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
            },
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(fields=("books", "code"), name="account_code_once_per_books"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(
                condition=models.Q(("role", ""), _negated=True),
                fields=("books", "role"),
                name="account_role_once_per_books",
            ),
        ),
        migrations.AddConstraint(
            model_name="counter",
            constraint=models.UniqueConstraint(fields=("books", "series"), name="one_counter_per_books_and_series"),
        ),
        migrations.AddConstraint(
            model_name="memoline",
            constraint=models.UniqueConstraint(fields=("entry", "position"), name="memo_position_once_per_entry"),
        ),
        migrations.AddIndex(
            model_name="supplier",
            index=models.Index(fields=["books", "name_key"], name="ledger_supplier_by_name"),
        ),
        migrations.AddConstraint(
            model_name="supplier",
            constraint=models.UniqueConstraint(fields=("books", "code"), name="supplier_code_once_per_books"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["books", "date"], name="ledger_entry_by_date"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(
                fields=("books", "series", "sequence"), name="entry_sequence_once_per_series"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("number", "books"), name="entry_number_once_per_books"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("external_key", "books"), name="entry_key_once_per_books"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(condition=models.Q(("sequence__gte", 1)), name="entry_sequence_from_one"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "memo"), ("line_count", 0), ("series", "MEM"), ("total", 0)),
                    models.Q(
                        models.Q(("kind", "memo"), _negated=True),
                        ("line_count__gte", 2),
                        ("series", "JNL"),
                        ("total__gt", 0),
                        ("base_gross__isnull", False),
                        ("base_net__isnull", False),
                        ("base_tax__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="entry_books_two_lines_or_is_a_memo",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "reversal"), ("reverses__isnull", False)),
                    models.Q(models.Q(("kind", "reversal"), _negated=True), ("reverses__isnull", True)),
                    _connector="OR",
                ),
                name="entry_reverses_iff_reversal",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxcode",
            constraint=models.UniqueConstraint(fields=("books", "code"), name="tax_code_once_per_books"),
        ),
        migrations.AddConstraint(
            model_name="entryline",
            constraint=models.UniqueConstraint(fields=("entry", "position"), name="line_position_once_per_entry"),
        ),
        migrations.AddConstraint(
            model_name="entryline",
            constraint=models.CheckConstraint(
                condition=models.Q(("credit__gte", 0), ("debit__gte", 0)), name="line_never_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="entryline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("credit", 0), ("debit__gt", 0)),
                    models.Q(("credit__gt", 0), ("debit", 0)),
                    _connector="OR",
                ),
                name="line_debit_or_credit",
            ),
        ),
    ]
