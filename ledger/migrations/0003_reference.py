"""What others read from the books beside accounts and tax codes, and files that belong to entries.

Supplier columns keep their defaults in the database, so that a process of the version before can still add suppliers.
Books that are there already get their base currency.
"""

from __future__ import annotations

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from ledger.currencies import NAMES


def add_base_currencies(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    """One row for each books, worth one of itself."""
    currency = apps.get_model("ledger", "Currency")
    for pk, code in apps.get_model("ledger", "Books").objects.values_list("pk", "base_currency"):
        currency.objects.create(books_id=pk, code=code, name=NAMES.get(code, code), rate=Decimal(1))


class Migration(migrations.Migration):
    """Suppliers in more detail, currencies, delivery sites, dimensions, attachments."""

    dependencies = [
        ("ledger", "0002_final_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="supplier",
            name="address_1",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="address, line 1"
            ),
        ),
        migrations.AddField(
            model_name="supplier",
            name="address_2",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="address, line 2"
            ),
        ),
        migrations.AddField(
            model_name="supplier",
            name="bank_account",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
        migrations.AddField(
            model_name="supplier",
            name="bank_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="supplier",
            name="bank_sort_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="supplier",
            name="city",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="supplier",
            name="country_code",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="ISO 3166 code, such as GB.",
                max_length=2,
                validators=[
                    django.core.validators.RegexValidator("\\A[A-Z]{2}\\Z", "Two capital letters, such as GB.")
                ],
            ),
        ),
        migrations.AddField(
            model_name="supplier",
            name="currency",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="ISO 4217 code of its invoices.",
                max_length=3,
                validators=[
                    django.core.validators.RegexValidator("\\A[A-Z]{3}\\Z", "Three capital letters, such as EUR.")
                ],
            ),
        ),
        migrations.AddField(
            model_name="supplier",
            name="default_account",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Code of the account that its lines are usually coded to.",
                max_length=40,
            ),
        ),
        migrations.AddField(
            model_name="supplier",
            name="default_tax",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=40, verbose_name="default tax code"
            ),
        ),
        migrations.AddField(
            model_name="supplier",
            name="email",
            field=models.EmailField(blank=True, db_default="", default="", max_length=254),
        ),
        migrations.AddField(
            model_name="supplier",
            name="payment_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Net days. Empty: not agreed.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(999)],
            ),
        ),
        migrations.AddField(
            model_name="supplier",
            name="phone",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
        migrations.AddField(
            model_name="supplier",
            name="postcode",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="supplier",
            name="region",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="supplier",
            name="tax_number",
            field=models.CharField(blank=True, db_default="", default="", max_length=50, verbose_name="VAT number"),
        ),
        migrations.CreateModel(
            name="Dimension",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                (
                    "active",
                    models.BooleanField(
                        default=True, help_text="The values of an inactive dimension are inactive too."
                    ),
                ),
                (
                    "books",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dimensions",
                        to="ledger.books",
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="DimensionValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=200)),
                ("active", models.BooleanField(default=True)),
                (
                    "dimension",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="values",
                        to="ledger.dimension",
                    ),
                ),
            ],
            options={
                "ordering": ("dimension", "code"),
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("content_type", models.CharField(max_length=100)),
                ("size", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                ("attached_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "entry",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="ledger.entry",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    models.UniqueConstraint(fields=("entry", "name"), name="attachment_name_once_per_entry")
                ],
            },
        ),
        migrations.CreateModel(
            name="Currency",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="ISO 4217 code, such as EUR.",
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Z]{3}\\Z", "Three capital letters, such as EUR."
                            )
                        ],
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=8,
                        help_text="Units of it for one unit of the base currency; 1 for the base currency itself.",
                        max_digits=15,
                        validators=[django.core.validators.MinValueValidator(Decimal("1E-8"))],
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                (
                    "books",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="currencies",
                        to="ledger.books",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "currencies",
                "ordering": ("code",),
                "constraints": [
                    models.UniqueConstraint(fields=("books", "code"), name="currency_code_once_per_books"),
                    models.CheckConstraint(condition=models.Q(("rate__gt", 0)), name="currency_rate_above_zero"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliverySite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "address_1",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=200, verbose_name="address, line 1"
                    ),
                ),
                (
                    "address_2",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=200, verbose_name="address, line 2"
                    ),
                ),
                ("city", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("postcode", models.CharField(blank=True, db_default="", default="", max_length=20)),
                (
                    "country_code",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="ISO 3166 code, such as GB.",
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator("\\A[A-Z]{2}\\Z", "Two capital letters, such as GB.")
                        ],
                    ),
                ),
                ("phone", models.CharField(blank=True, db_default="", default="", max_length=50)),
                ("code", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=200)),
                ("active", models.BooleanField(default=True)),
                (
                    "books",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delivery_sites",
                        to="ledger.books",
                    ),
                ),
            ],
            options={
                "ordering": ("code",),
                "constraints": [models.UniqueConstraint(fields=("books", "code"), name="site_code_once_per_books")],
            },
        ),
        migrations.AddConstraint(
            model_name="dimension",
            constraint=models.UniqueConstraint(fields=("books", "name"), name="dimension_name_once_per_books"),
        ),
        migrations.AddConstraint(
            model_name="dimensionvalue",
            constraint=models.UniqueConstraint(fields=("dimension", "code"), name="value_code_once_per_dimension"),
        ),
        migrations.RunPython(add_base_currencies, migrations.RunPython.noop),
    ]
