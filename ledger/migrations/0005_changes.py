"""Order number and due date of a posted sales invoice may change, and each change has its row.

On PostgreSQL such a change is let through where nothing else changes with it and the latest row of the log tells
exactly it; everything else of an entry stays final, and so do the rows of the log. A process of the version before can
still book: the new column may be empty.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

RULES = """
CREATE FUNCTION ledger_check_entry_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before ledger_entry%ROWTYPE := OLD;
    told ledger_entrychange%ROWTYPE;
BEGIN
    before.order_number := NEW.order_number;
    before.due_date := NEW.due_date;
    IF NEW.kind <> 'sales_invoice' OR before IS DISTINCT FROM NEW
        OR (OLD.order_number, OLD.due_date) IS NOT DISTINCT FROM (NEW.order_number, NEW.due_date) THEN
        RAISE EXCEPTION 'Posted entries are never changed or deleted; reverse the entry instead (% of %).',
            TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO told FROM ledger_entrychange WHERE entry_id = NEW.id ORDER BY id DESC LIMIT 1;
    IF NOT FOUND OR (told.order_number_before, told.due_date_before, told.order_number, told.due_date)
        IS DISTINCT FROM (OLD.order_number, OLD.due_date, NEW.order_number, NEW.due_date) THEN
        RAISE EXCEPTION 'A change of entry % needs its row in the log of changes.', NEW.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER ledger_entry_is_final ON ledger_entry;
CREATE TRIGGER ledger_entry_stays BEFORE DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_entry_changes BEFORE UPDATE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_check_entry_change();
CREATE TRIGGER ledger_entrychange_is_final BEFORE UPDATE OR DELETE ON ledger_entrychange
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
"""

UNDO = """
DROP TRIGGER ledger_entry_stays ON ledger_entry;
DROP FUNCTION ledger_check_entry_change() CASCADE;
DROP TRIGGER ledger_entrychange_is_final ON ledger_entrychange;
CREATE TRIGGER ledger_entry_is_final BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
"""


def create(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the function and the triggers, on PostgreSQL only."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(RULES, None)


def remove(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """As it was."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(UNDO, None)


class Migration(migrations.Migration):
    """The due date of entries, the log of changes, and the triggers that let them through."""

    dependencies = [
        ("ledger", "0004_sales"),
    ]

    operations = [
        migrations.AddField(
            model_name="entry",
            name="due_date",
            field=models.DateField(blank=True, help_text="Empty: the document named none.", null=True),
        ),
        migrations.CreateModel(
            name="EntryChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order_number_before", models.CharField(blank=True, max_length=100)),
                ("order_number", models.CharField(blank=True, max_length=100)),
                ("due_date_before", models.DateField(blank=True, null=True)),
                ("due_date", models.DateField(blank=True, null=True)),
                (
                    "who",
                    models.CharField(help_text="A person's name in the staff site, or the portal.", max_length=200),
                ),
                ("why", models.TextField()),
                ("changed_at", models.DateTimeField(db_index=True)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="ledger.entry"
                    ),
                ),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.RunPython(create, remove),
    ]
