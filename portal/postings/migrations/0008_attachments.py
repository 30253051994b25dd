"""Attachments: what became of the files of posted documents, and up to where postings were looked through."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0004_limit_group"),
        ("postings", "0007_look_up_again"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HandoverMark",
            fields=[
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="attachment_mark",
                        serialize=False,
                        to="connections.connection",
                    ),
                ),
                ("up_to", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Handover",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("done", "Handed over"),
                            ("nothing", "Nothing there"),
                            ("partly", "Partly refused"),
                            ("given_up", "Given up"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(default=0, help_text="Failures that count against the schedule."),
                ),
                (
                    "message",
                    models.TextField(blank=True, help_text="Why it stands where it stands, in one plain sentence."),
                ),
                ("lease_token", models.UUIDField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Who asked for it last; empty: nobody had to.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="handovers",
                        to="connections.connection",
                    ),
                ),
                (
                    "posting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="handover", to="postings.posting"
                    ),
                ),
            ],
            options={
                "verbose_name": "handover of attachments",
                "verbose_name_plural": "handovers of attachments",
                "ordering": ("-id",),
                "permissions": (("start_handover", "Can hand over attachments, also again"),),
            },
        ),
        migrations.CreateModel(
            name="HandedFile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("external_id", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=150)),
                ("content_type", models.CharField(blank=True, max_length=100)),
                ("size", models.PositiveBigIntegerField(blank=True, null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("handed", "Handed over"), ("refused", "Refused")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("message", models.TextField(blank=True)),
                ("handed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "handover",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="postings.handover",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.AddIndex(
            model_name="handover",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["connection", "next_at"], name="handover_due"
            ),
        ),
        migrations.AddIndex(
            model_name="handover",
            index=models.Index(
                condition=models.Q(("state", "given_up")), fields=["connection"], name="handover_given_up"
            ),
        ),
        migrations.AddIndex(
            model_name="handover",
            index=models.Index(fields=["state", "-id"], name="handover_by_state"),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("next_at__isnull", False), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True),
                        ("ended_at__isnull", False),
                        ("next_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="a_handover_waits_or_has_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_token__isnull", True), ("lease_until__isnull", True)),
                    models.Q(("lease_token__isnull", False), ("lease_until__isnull", False), ("state", "waiting")),
                    _connector="OR",
                ),
                name="a_handover_is_leased_while_it_waits",
            ),
        ),
        migrations.AddConstraint(
            model_name="handedfile",
            constraint=models.UniqueConstraint(fields=("handover", "external_id"), name="a_file_is_handed_over_once"),
        ),
        migrations.AddConstraint(
            model_name="handedfile",
            constraint=models.UniqueConstraint(fields=("handover", "name"), name="one_file_per_name_in_a_handover"),
        ),
    ]
