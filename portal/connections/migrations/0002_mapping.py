"""The default codes of a connection become rules of its mapping, the one place for both.

Processes of the version before still run when this is applied: they read the column `defaults`, so it stays in the
database, filled by itself, and only the code forgets it.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Value

FAMILIES = {"supplier_code": "supplier", "account_code": "account", "tax_code": "tax"}
HELP = "Rules for codes; portal/reference/rules.py reads and writes them."


def defaults_into_mapping(apps: Any, schema_editor: Any) -> None:
    """Each default code becomes the rule that uses it where a document has none."""
    connections = apps.get_model("connections", "Connection").objects.using(schema_editor.connection.alias)
    for connection in connections.exclude(defaults={}).only("id", "defaults"):
        connections.filter(pk=connection.pk).update(mapping=mapping_from(connection.defaults))


def mapping_into_defaults(apps: Any, schema_editor: Any) -> None:
    """The way back: a default of a rule becomes a default code; tables and dimensions were not known then."""
    connections = apps.get_model("connections", "Connection").objects.using(schema_editor.connection.alias)
    for connection in connections.exclude(mapping={}).only("id", "mapping"):
        connections.filter(pk=connection.pk).update(defaults=defaults_from(connection.mapping))


def mapping_from(defaults: dict[str, str]) -> dict[str, dict[str, str]]:
    given = {family: defaults[name].strip() for name, family in FAMILIES.items() if defaults.get(name, "").strip()}
    return {family: {"absent": "default", "default": code} for family, code in given.items()}


def defaults_from(mapping: dict[str, Any]) -> dict[str, str]:
    found = {name: mapping.get(family, {}) for name, family in FAMILIES.items()}
    return {name: rule["default"] for name, rule in found.items() if rule.get("absent") == "default"}


class Migration(migrations.Migration):
    dependencies = [("connections", "0001_initial")]

    operations = [
        migrations.AddField(
            "Connection",
            "mapping",
            models.JSONField(
                blank=True, default=dict, db_default=Value({}, models.JSONField()), editable=False, help_text=HELP
            ),
        ),
        migrations.AlterField(
            "Connection",
            "defaults",
            models.JSONField(blank=True, default=dict, db_default=Value({}, models.JSONField())),
        ),
        migrations.RunPython(defaults_into_mapping, mapping_into_defaults),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("Connection", "defaults")]),
    ]
