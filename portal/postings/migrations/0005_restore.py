"""After a restore: the way from ready to unknown, the part that takes it, and the numbers that are left out."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

LEGAL = (
    ("ready", "sending posted rejected held withdrawn unknown"),
    ("sending", "posted awaiting rejected ready unknown"),
    ("awaiting", "posted rejected unknown"),
    ("unknown", "checking held"),
    ("checking", "posted unknown ready held"),
    ("rejected", "ready posted void"),
    ("held", "ready checking posted void"),
    ("withdrawn", "ready void"),
)
BEFORE = tuple((state, ways.removesuffix(" unknown") if state == "ready" else ways) for state, ways in LEGAL)

RULE = """
CREATE OR REPLACE FUNCTION postings_check_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF postroom_maintenance() THEN RETURN NEW; END IF;
    IF (OLD.transaction_id, OLD.connection_id, OLD.idempotency_key)
        IS DISTINCT FROM (NEW.transaction_id, NEW.connection_id, NEW.idempotency_key) THEN
        RAISE EXCEPTION 'Transaction, connection and key of posting % never change.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (@WAYS@) THEN
        RAISE EXCEPTION 'There is no way from % to % (posting %).', OLD.state, NEW.state, OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
KEPT = """
CREATE TRIGGER postings_void_numbers_stay BEFORE UPDATE OR DELETE ON postings_voidnumbers
    FOR EACH ROW EXECUTE FUNCTION postings_append_only();
"""


def rule(legal: tuple[tuple[str, str], ...]) -> str:
    """The trigger's function for these ways."""
    ways = ", ".join(f"('{before}', '{after}')" for before, afters in legal for after in afters.split())
    return RULE.replace("@WAYS@", ways)


def create(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let the new way through, and keep the void numbers, on PostgreSQL only."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(rule(LEGAL) + KEPT, None)


def remove(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """As it was; the table's trigger goes with the table."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(rule(BEFORE), None)


class Migration(migrations.Migration):
    """One more way, and one more table."""

    dependencies = (("postings", "0004_fewer_indexes"), ("tenants", "0001_initial"))

    operations = (
        migrations.AlterField(
            model_name="transition",
            name="who",
            field=models.CharField(
                choices=[
                    ("intake", "Intake"),
                    ("worker", "Worker"),
                    ("sweep", "Sweep"),
                    ("staff", "Staff"),
                    ("vendor", "Vendor"),
                    ("restore", "Restore"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="VoidNumbers",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("series", models.CharField(max_length=10)),
                (
                    "books",
                    models.CharField(blank=True, help_text="The ledger's books whose series it is.", max_length=36),
                ),
                ("first", models.PositiveBigIntegerField()),
                ("last", models.PositiveBigIntegerField()),
                ("why", models.TextField()),
                ("who", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="void_numbers",
                        to="tenants.company",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "void numbers",
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("company", "series", "books", "first"), name="one_void_range_per_first_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("first__lte", models.F("last"))), name="a_void_range_is_not_empty"
                    ),
                ],
            },
        ),
        migrations.RunPython(create, remove),
    )
