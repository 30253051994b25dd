"""A person says that the right company was linked; what is linked already counts as confirmed since then."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import F


def confirm_what_is_linked(apps: Any, _schema_editor: Any) -> None:
    """Nobody could be asked until now. What lost its access since belongs to the same company."""
    rows = apps.get_model("connections", "Connection").objects.filter(status__in=("linked", "deauthorised"))
    rows.update(confirmed_at=F("linked_at"))
    rows.filter(linked_at=None).update(confirmed_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("connections", "0005_access")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="confirmed_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="Since when a person has said that it is the right company.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="there",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                editable=False,
                help_text="Of the company over there: base_currency, legal_name, registration.",
            ),
        ),
        migrations.RunPython(confirm_what_is_linked, migrations.RunPython.noop),
    ]
