"""Indexes that another one contains, or that are nearly always empty, cost every insert and help nobody."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# The trigger looks for one posting's latest row. A session keeps the plan that it made at first, perhaps while the table
# had a hundred rows; then it would read all of a table that has grown since.
BY_INDEX = "ALTER FUNCTION postings_check_history() SET enable_seqscan = off"
AS_IT_WAS = "ALTER FUNCTION postings_check_history() RESET enable_seqscan"


def plan_by_index(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """On PostgreSQL only: there are no triggers elsewhere."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(BY_INDEX, None)


def plan_as_it_was(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The way back."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(AS_IT_WAS, None)


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0002_mapping"),
        ("postings", "0003_reconciliation"),
        ("tenants", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="transaction",
            name="one_use_of_a_portal_number",
        ),
        migrations.RemoveIndex(
            model_name="transaction",
            name="transaction_by_number",
        ),
        # Django takes every index of this one column away with the foreign key's, the constraint's as well.
        migrations.RemoveConstraint(
            model_name="attempt",
            name="one_open_attempt_per_posting",
        ),
        migrations.AlterField(
            model_name="attempt",
            name="posting",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attempts",
                to="postings.posting",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                fields=("posting",), condition=models.Q(ended_at__isnull=True), name="one_open_attempt_per_posting"
            ),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="user",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="asked_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Who asked for the next attempt; empty: automatic.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="transaction",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="postings",
                to="postings.transaction",
            ),
        ),
        migrations.AlterField(
            model_name="transaction",
            name="company",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transactions",
                to="tenants.company",
            ),
        ),
        migrations.AlterField(
            model_name="transaction",
            name="source",
            field=models.SlugField(db_index=False, max_length=40),
        ),
        migrations.AlterField(
            model_name="transition",
            name="posting",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transitions",
                to="postings.posting",
            ),
        ),
        migrations.AlterField(
            model_name="transition",
            name="user",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="transition",
            index=models.Index(fields=["posting", "id"], name="transition_by_posting"),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.UniqueConstraint(fields=("number", "company"), name="one_use_of_a_portal_number"),
        ),
        migrations.RunPython(plan_by_index, plan_as_it_was),
    ]
