"""Reconciliations: runs, what they list while they compare, and the differences that they find."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0001_initial"),
        ("postings", "0002_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Difference",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("missing", "Missing: we say posted, they do not have it"),
                            ("extra", "Extra: they have it, we do not say posted"),
                            ("double", "Double: they have it more than once"),
                            ("different", "Different: it is not what was booked"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "key",
                    models.UUIDField(
                        help_text="The idempotency key of the posting, as it stands on the document there."
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("resolved", "Resolved"), ("dismissed", "Dismissed")],
                        default="open",
                        max_length=20,
                    ),
                ),
                ("details", models.JSONField(default=list, help_text="[field, ours, theirs].")),
                (
                    "documents",
                    models.JSONField(default=list, help_text="What the accounting system tells of its documents."),
                ),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_why", models.TextField(blank=True)),
            ],
            options={
                "ordering": ("-id",),
                "permissions": (("settle_difference", "Can settle a difference"),),
            },
        ),
        migrations.CreateModel(
            name="ListedDocument",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.UUIDField()),
                ("external_id", models.CharField(max_length=200)),
                ("told", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="ReconciliationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("finished", "Finished"),
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
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("lease_token", models.UUIDField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("read", models.PositiveIntegerField(default=0)),
                ("compared", models.PositiveIntegerField(default=0)),
                ("agreeing", models.PositiveIntegerField(default=0)),
                ("missing", models.PositiveIntegerField(default=0)),
                ("extra", models.PositiveIntegerField(default=0)),
                ("double", models.PositiveIntegerField(default=0)),
                ("different", models.PositiveIntegerField(default=0)),
                ("known", models.PositiveIntegerField(default=0)),
                ("left", models.PositiveIntegerField(default=0)),
                ("resolved", models.PositiveIntegerField(default=0)),
                ("error", models.TextField(blank=True, help_text="Why it did not finish, in one plain sentence.")),
            ],
            options={
                "ordering": ("-id",),
                "permissions": (("start_reconciliation", "Can start a reconciliation"),),
            },
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("state", "posted")), fields=["connection", "posted_at"], name="posting_by_posted_at"
            ),
        ),
        migrations.AddField(
            model_name="difference",
            name="closed_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Who closed it; empty: a run.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="difference",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="differences", to="connections.connection"
            ),
        ),
        migrations.AddField(
            model_name="difference",
            name="posting",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reconciled_differences",
                to="postings.posting",
            ),
        ),
        migrations.AddField(
            model_name="reconciliationrun",
            name="asked_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Who asked for it; empty: the schedule.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="reconciliationrun",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reconciliations", to="connections.connection"
            ),
        ),
        migrations.AddField(
            model_name="listeddocument",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="listed", to="postings.reconciliationrun"
            ),
        ),
        migrations.AddField(
            model_name="difference",
            name="first_run",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="found",
                to="postings.reconciliationrun",
            ),
        ),
        migrations.AddField(
            model_name="difference",
            name="last_run",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="seen",
                to="postings.reconciliationrun",
            ),
        ),
        migrations.AddIndex(
            model_name="reconciliationrun",
            index=models.Index(fields=["connection", "state", "ended_at"], name="run_by_connection"),
        ),
        migrations.AddConstraint(
            model_name="reconciliationrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "running"])),
                fields=("connection",),
                name="one_open_run_per_connection",
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliationrun",
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
                name="a_run_is_leased_while_it_runs",
            ),
        ),
        migrations.AddConstraint(
            model_name="listeddocument",
            constraint=models.UniqueConstraint(fields=("run", "key", "external_id"), name="a_document_is_listed_once"),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(condition=models.Q(("state", "open")), fields=["-id"], name="difference_open"),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(fields=["connection", "key"], name="difference_by_key"),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(fields=["state", "-id"], name="difference_by_state"),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("connection", "kind", "key"),
                name="one_open_difference_per_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("state", "open")),
                    models.Q(models.Q(("state", "open"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="a_difference_is_closed_or_open",
            ),
        ),
    ]
