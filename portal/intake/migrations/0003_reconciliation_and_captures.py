"""Captured requests, and the reconciliation with sources; a delivery says how it came in."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import ledger.fields


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0004_limit_group"),
        ("intake", "0002_fewer_indexes"),
        ("postings", "0007_look_up_again"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="origin",
            field=models.CharField(
                choices=[
                    ("webhook", "Webhook"),
                    ("read_back", "Read back from the source"),
                    ("feed", "Read from a feed"),
                ],
                db_default="webhook",
                default="webhook",
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="SourceRun",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("part", "Read in part: the next run goes on"),
                            ("unread", "Could not be read"),
                            ("failed", "Failed on our side"),
                            ("abandoned", "Abandoned"),
                        ],
                        default="waiting",
                        max_length=20,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("asked_at", models.DateTimeField()),
                ("begun_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("lease_token", models.UUIDField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("position", models.JSONField(default=dict, help_text="stage, order and page.")),
                ("calls", models.PositiveIntegerField(default=0)),
                ("read", models.PositiveIntegerField(default=0)),
                ("compared", models.PositiveIntegerField(default=0)),
                ("never_received", models.PositiveIntegerField(default=0)),
                ("deleted", models.PositiveIntegerField(default=0)),
                ("known", models.PositiveIntegerField(default=0)),
                ("left", models.PositiveIntegerField(default=0)),
                ("undated", models.PositiveIntegerField(default=0)),
                ("resolved", models.PositiveIntegerField(default=0)),
                ("error", models.TextField(blank=True, help_text="Why it did not finish, in one plain sentence.")),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Who asked for it; empty: the schedule.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="source_runs",
                        to="connections.connection",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "permissions": (("start_sourcerun", "Can start a reconciliation with a source"),),
            },
        ),
        migrations.CreateModel(
            name="SourceDifference",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("never_received", "Never received: approved at the source, and we do not hold it"),
                            ("deleted", "Deleted: we hold it, and the source has deleted it"),
                        ],
                        max_length=20,
                    ),
                ),
                ("external_id", models.CharField(max_length=100)),
                (
                    "transaction_kind",
                    models.CharField(
                        blank=True,
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
                        max_length=30,
                    ),
                ),
                ("number", models.CharField(blank=True, max_length=100)),
                ("supplier", models.CharField(blank=True, max_length=200)),
                ("gross", ledger.fields.MoneyField(blank=True, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("created_there_at", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("resolved", "Resolved"), ("dismissed", "Dismissed")],
                        default="open",
                        max_length=20,
                    ),
                ),
                ("outcome", models.TextField(blank=True)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_why", models.TextField(blank=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Who closed it; empty: a run.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="source_differences",
                        to="connections.connection",
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="intake.delivery",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="source_differences",
                        to="postings.transaction",
                    ),
                ),
                (
                    "first_run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="found",
                        to="intake.sourcerun",
                    ),
                ),
                (
                    "last_run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="seen",
                        to="intake.sourcerun",
                    ),
                ),
            ],
            options={
                "verbose_name": "difference with a source",
                "verbose_name_plural": "differences with sources",
                "ordering": ("-id",),
                "permissions": (
                    ("receive_sourcedifference", "Can receive what a source has approved and never sent"),
                    ("settle_sourcedifference", "Can settle a difference with a source"),
                ),
            },
        ),
        migrations.CreateModel(
            name="Capture",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("armed_at", models.DateTimeField()),
                ("armed_until", models.DateTimeField()),
                ("disarmed_at", models.DateTimeField(blank=True, null=True)),
                ("taken_at", models.DateTimeField(blank=True, null=True)),
                ("method", models.CharField(blank=True, max_length=20)),
                ("headers", models.JSONField(default=dict, help_text="Names with masked values.")),
                ("body", models.BinaryField(default=b"")),
                ("is_cut", models.BooleanField(default=False, help_text="The body was larger; this is its beginning.")),
                ("token_header", models.CharField(blank=True, max_length=200)),
                ("answer_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "armed_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="intake.delivery",
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="captures", to="connections.endpoint"
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "permissions": (("arm_capture", "Can capture the next delivery of an endpoint"),),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("disarmed_at__isnull", True), ("taken_at__isnull", True)),
                        fields=("endpoint",),
                        name="one_open_capture_per_endpoint",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="sourcerun",
            index=models.Index(fields=["connection", "state", "ended_at"], name="source_run_by_connection"),
        ),
        migrations.AddConstraint(
            model_name="sourcerun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "running"])),
                fields=("connection",),
                name="one_open_source_run_per_connection",
            ),
        ),
        migrations.AddConstraint(
            model_name="sourcerun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_token__isnull", False), ("lease_until__isnull", False), ("state", "running")),
                    models.Q(
                        models.Q(("state", "running"), _negated=True),
                        ("lease_token__isnull", True),
                        ("lease_until__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="a_source_run_is_leased_while_it_runs",
            ),
        ),
        migrations.AddIndex(
            model_name="sourcedifference",
            index=models.Index(condition=models.Q(("state", "open")), fields=["-id"], name="source_difference_open"),
        ),
        migrations.AddIndex(
            model_name="sourcedifference",
            index=models.Index(fields=["connection", "external_id"], name="source_difference_by_thing"),
        ),
        migrations.AddIndex(
            model_name="sourcedifference",
            index=models.Index(fields=["state", "-id"], name="source_difference_by_state"),
        ),
        migrations.AddConstraint(
            model_name="sourcedifference",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("connection", "external_id", "kind", "transaction_kind"),
                name="one_open_source_difference_per_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="sourcedifference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("state", "open")),
                    models.Q(models.Q(("state", "open"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="a_source_difference_is_closed_or_open",
            ),
        ),
    ]
