"""The runs of the conformance checks, of which the latest says whether a vendor's key is trusted."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0002_mapping")]

    operations = [
        migrations.CreateModel(
            name="Conformance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("integration", models.SlugField(max_length=40)),
                ("base_url", models.CharField(blank=True, max_length=500)),
                ("external_company_id", models.CharField(blank=True, max_length=100)),
                ("external_company_name", models.CharField(blank=True, max_length=200)),
                (
                    "version",
                    models.CharField(help_text="A fingerprint of the connector's source.", max_length=20),
                ),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                (
                    "checks",
                    models.JSONField(
                        default=list, help_text="name, title, outcome, seen, documents and counts of each."
                    ),
                ),
                (
                    "trusted",
                    models.BooleanField(help_text="Whether the vendor's idempotency key may be relied on."),
                ),
                ("who", models.CharField(max_length=150)),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: it ran with credentials of its own, and no connection relies on it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conformances",
                        to="connections.connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "conformance run",
                "ordering": ("-ended_at",),
                "indexes": [models.Index(fields=["connection", "-ended_at"], name="conformance_of_connection")],
            },
        ),
    ]
