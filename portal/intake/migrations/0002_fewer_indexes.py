"""Indexes that another one contains, or that are nearly always empty, cost every insert and help nobody."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0002_mapping"),
        ("intake", "0001_initial"),
        ("postings", "0003_reconciliation"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="delivery",
            name="delivery_by_verdict",
        ),
        migrations.AlterField(
            model_name="delivery",
            name="company",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="tenants.company",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="transaction",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="postings.transaction",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("verdict", "accepted"), _negated=True),
                fields=["verdict", "-id"],
                name="delivery_by_verdict",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("transaction__isnull", False)),
                fields=["transaction"],
                name="delivery_by_transaction",
            ),
        ),
    ]
