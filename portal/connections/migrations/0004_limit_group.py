"""What a vendor counts together; and the column of the default codes goes, which no running version reads any more."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Value


def forgotten_column() -> models.Field[Any, Any]:
    """The column as 0002 left it behind."""
    field = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    field.set_attributes_from_name("defaults")
    return field


def drop_defaults(_apps: Any, schema_editor: Any) -> None:
    """On SQLite it goes by itself, when the table is made anew for the next column."""
    if schema_editor.connection.vendor != "sqlite":
        schema_editor.execute('ALTER TABLE connections_connection DROP COLUMN "defaults"')


def add_defaults(_apps: Any, schema_editor: Any) -> None:
    """The way back, on both."""
    kind = forgotten_column().db_type(schema_editor.connection)
    schema_editor.execute(f"ALTER TABLE connections_connection ADD COLUMN \"defaults\" {kind} NOT NULL DEFAULT '{{}}'")


class Migration(migrations.Migration):
    dependencies = [("connections", "0003_conformance")]

    operations = [
        migrations.RunPython(drop_defaults, add_defaults),
        migrations.AddField(
            "Connection",
            "limit_group",
            models.CharField(
                blank=True,
                db_default=Value(""),
                default="",
                editable=False,
                help_text="Connections with the same one share the vendor's limit. Empty: it has one of its own.",
                max_length=64,
            ),
        ),
    ]
