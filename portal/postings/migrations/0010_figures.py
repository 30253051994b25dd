"""Figures of days, and how far the logs that they are made of have been read."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("postings", "0009_operations"),
        ("tenants", "0002_self_service"),
    ]

    operations = [
        migrations.CreateModel(
            name="Counting",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("is_shown", models.BooleanField(default=False)),
                (
                    "up_to",
                    models.PositiveBigIntegerField(
                        default=0, help_text="The last change of a posting that is counted, by id."
                    ),
                ),
                (
                    "revisions_up_to",
                    models.PositiveBigIntegerField(default=0, help_text="The last revision that is counted, by id."),
                ),
                (
                    "counted_to",
                    models.DateTimeField(
                        blank=True,
                        help_text="What happened before this is in the figures. Empty: nothing was read yet.",
                        null=True,
                    ),
                ),
                ("began_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_shown", True)), fields=("is_shown",), name="one_counting_is_shown"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DayFigures",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("received", models.PositiveIntegerField(default=0)),
                ("posted", models.PositiveIntegerField(default=0)),
                ("rejected", models.PositiveIntegerField(default=0)),
                ("held", models.PositiveIntegerField(default=0)),
                ("withdrawn", models.PositiveIntegerField(default=0)),
                ("voided", models.PositiveIntegerField(default=0)),
                (
                    "contested",
                    models.PositiveIntegerField(default=0, help_text="Came again with other content after sending."),
                ),
                ("seconds", models.JSONField(default=list)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.company",
                    ),
                ),
                (
                    "counting",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="days",
                        to="postings.counting",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "figures of days",
                "ordering": ("day",),
                "constraints": [
                    models.UniqueConstraint(fields=("counting", "company", "day"), name="one_row_of_figures_per_day")
                ],
            },
        ),
    ]
