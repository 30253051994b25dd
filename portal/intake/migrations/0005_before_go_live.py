"""The dry runs of what came in before go-live; a delivery may be refused because its company is closed."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

import ledger.fields


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0006_confirmed"),
        ("intake", "0004_vendor_messages"),
        ("postings", "0009_operations"),
        ("tenants", "0002_self_service"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptDryRun",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField(blank=True, help_text="Empty: nothing is due.", null=True)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How often the accounting system did not answer."
                    ),
                ),
                ("made_at", models.DateTimeField(blank=True, null=True)),
                (
                    "forecast",
                    models.CharField(
                        choices=[
                            ("posted", "Would be posted"),
                            ("perhaps_refused", "May be refused"),
                            ("refused", "Would be refused"),
                            ("unknown", "Not known yet"),
                        ],
                        default="unknown",
                        max_length=20,
                    ),
                ),
                ("why", models.TextField(blank=True, help_text="Why it would be, or may be, refused.")),
                ("result", models.JSONField(blank=True, null=True)),
                ("problem", models.TextField(blank=True)),
                ("kind", models.CharField(blank=True, max_length=30)),
                ("number", models.CharField(blank=True, max_length=100)),
                ("supplier", models.CharField(blank=True, max_length=200)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("gross", ledger.fields.MoneyField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AlterField(
            model_name="delivery",
            name="endpoint",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="connections.endpoint",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="verdict",
            field=models.CharField(
                choices=[
                    ("received", "Received, not judged yet"),
                    ("accepted", "Accepted: a new transaction"),
                    ("repeated", "Repeated: the same content again"),
                    ("revised", "Revised: changed content, nothing had been sent"),
                    ("contested", "Contested: changed content after sending"),
                    ("refused", "Refused: this cannot be booked"),
                    ("unreadable", "Unreadable: not a valid document"),
                    ("not_live", "Not live yet: nothing was booked"),
                    ("closed", "Closed: nothing was booked"),
                    ("failed", "Failed: an error on our side"),
                ],
                default="received",
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["endpoint", "-id"], name="delivery_by_endpoint"),
        ),
        migrations.AddField(
            model_name="keptdryrun",
            name="company",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="kept_dry_runs",
                to="tenants.company",
            ),
        ),
        migrations.AddField(
            model_name="keptdryrun",
            name="delivery",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="dry_run", to="intake.delivery"
            ),
        ),
        migrations.AddIndex(
            model_name="keptdryrun",
            index=models.Index(fields=["company", "-id"], name="kept_dry_run_by_company"),
        ),
        migrations.AddIndex(
            model_name="keptdryrun",
            index=models.Index(
                condition=models.Q(("next_try_at__isnull", False)), fields=["next_try_at"], name="kept_dry_run_due"
            ),
        ),
    ]
