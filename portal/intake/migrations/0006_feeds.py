"""Sources that are read: readers of feeds, their records, and what webhooks hinted at."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0006_confirmed"),
        ("intake", "0005_before_go_live"),
    ]

    operations = [
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
                    ("hint", "A hint: the record itself is read from its feed"),
                    ("skipped", "Skipped: nothing to be booked, or not yet"),
                    ("superseded", "Superseded: read again before it was taken"),
                ],
                default="received",
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="FedRecord",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("feed", models.CharField(max_length=40)),
                ("external_id", models.CharField(max_length=100)),
                ("content_hash", models.CharField(max_length=64)),
                ("read_at", models.DateTimeField()),
                (
                    "again_at",
                    models.DateTimeField(
                        blank=True, help_text="When it is taken again: it could not be so far.", null=True
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0, help_text="How often it could not be taken.")),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fed_records",
                        to="connections.connection",
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="intake.delivery"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("again_at__isnull", False)),
                        fields=["again_at"],
                        name="fed_record_to_take_again",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "feed", "external_id"), name="one_row_per_record_of_a_feed"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FeedReader",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("feed", models.CharField(max_length=40)),
                ("still_open", models.BooleanField(default=False)),
                ("every_seconds", models.PositiveIntegerField(default=900)),
                ("overlap_seconds", models.PositiveIntegerField(default=3600)),
                (
                    "read_through",
                    models.DateTimeField(blank=True, help_text="Everything before it has been read.", null=True),
                ),
                (
                    "since",
                    models.DateTimeField(
                        blank=True, help_text="Where the pass under way began. Empty: none is.", null=True
                    ),
                ),
                ("after", models.TextField(blank=True, help_text="Where the last page that was saved ended.")),
                (
                    "newest",
                    models.DateTimeField(blank=True, help_text="The latest moment in the pass under way.", null=True),
                ),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, help_text="When a pass last reached its end.", null=True),
                ),
                ("read", models.PositiveIntegerField(default=0, help_text="Records in the latest pass.")),
                (
                    "taken",
                    models.PositiveIntegerField(default=0, help_text="Those of them that were new or had changed."),
                ),
                ("unreadable", models.PositiveIntegerField(default=0, help_text="Rows of it that name no record.")),
                ("next_at", models.DateTimeField(help_text="When it is due.")),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("problem", models.TextField(blank=True, help_text="Why the latest pass did not end.")),
                ("lease_token", models.UUIDField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="feed_readers",
                        to="connections.connection",
                    ),
                ),
            ],
            options={
                "ordering": ("connection", "feed", "still_open"),
                "indexes": [models.Index(fields=["next_at"], name="feed_reader_by_time")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "feed", "still_open"), name="one_reader_per_feed_and_way"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HintedRecord",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("feed", models.CharField(max_length=40)),
                ("external_id", models.CharField(max_length=100)),
                ("hinted_at", models.DateTimeField()),
                ("is_gone", models.BooleanField(default=False, help_text="The source says that it was deleted.")),
                ("next_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("problem", models.TextField(blank=True)),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hints",
                        to="connections.connection",
                    ),
                ),
            ],
            options={
                "ordering": ("next_at",),
                "indexes": [models.Index(fields=["next_at"], name="hint_by_time")],
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "feed", "external_id"), name="one_hint_per_record"),
                    models.CheckConstraint(
                        condition=models.Q(("external_id", ""), _negated=True), name="a_hint_names_a_record"
                    ),
                ],
            },
        ),
    ]
