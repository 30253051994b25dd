"""PostgreSQL itself keeps entries final and balanced, whoever writes. SQLite relies on the models and services.

Refused at once: UPDATE and DELETE of entries, entry lines and memo lines, and lines beyond those that the entry says it
has (`line_count`, `memo_count`), so nothing can be added to a posted entry either. Refused at commit: an entry with
fewer lines, with debits and credits that differ from each other or from its `total`, or with a line in an account of
other books.
"""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLES = ("ledger_entry", "ledger_entryline", "ledger_memoline")

RULES = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Posted entries are never changed or deleted; reverse the entry instead (% of %).',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION ledger_refuse_extra_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    extra record;
BEGIN
    IF TG_TABLE_NAME = 'ledger_entryline' THEN
        SELECT entry.number INTO extra FROM ledger_entry entry
            WHERE entry.id IN (SELECT entry_id FROM added)
            AND (SELECT count(*) FROM ledger_entryline WHERE entry_id = entry.id) > entry.line_count LIMIT 1;
    ELSE
        SELECT entry.number INTO extra FROM ledger_entry entry
            WHERE entry.id IN (SELECT entry_id FROM added)
            AND (SELECT count(*) FROM ledger_memoline WHERE entry_id = entry.id) > entry.memo_count LIMIT 1;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'Entry % has all its lines; none can be added.', extra.number USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines record;
    memos bigint;
BEGIN
    SELECT count(*) AS number, coalesce(sum(line.debit), 0) AS debit, coalesce(sum(line.credit), 0) AS credit,
           count(*) FILTER (WHERE account.books_id <> NEW.books_id) AS strangers
        INTO lines
        FROM ledger_entryline line JOIN ledger_account account ON account.id = line.account_id
        WHERE line.entry_id = NEW.id;
    SELECT count(*) INTO memos FROM ledger_memoline WHERE entry_id = NEW.id;
    IF lines.number <> NEW.line_count OR memos <> NEW.memo_count THEN
        RAISE EXCEPTION 'Entry % should have % lines and % memo lines, but has % and %.',
            NEW.number, NEW.line_count, NEW.memo_count, lines.number, memos USING ERRCODE = 'check_violation';
    END IF;
    IF lines.debit <> lines.credit OR lines.debit <> NEW.total THEN
        RAISE EXCEPTION 'Entry % does not balance: debits %, credits %, total % (ten-thousandths).',
            NEW.number, lines.debit, lines.credit, NEW.total USING ERRCODE = 'check_violation';
    END IF;
    IF lines.strangers > 0 THEN
        RAISE EXCEPTION 'Entry % has lines in accounts of other books.', NEW.number USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_check_entry();
CREATE TRIGGER ledger_entryline_is_complete AFTER INSERT ON ledger_entryline REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_extra_lines();
CREATE TRIGGER ledger_memoline_is_complete AFTER INSERT ON ledger_memoline REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_extra_lines();
"""

FINAL = """
CREATE TRIGGER {table}_is_final BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
"""

UNDO = """
DROP FUNCTION ledger_refuse_change() CASCADE;
DROP FUNCTION ledger_refuse_extra_lines() CASCADE;
DROP FUNCTION ledger_check_entry() CASCADE;
"""


def create(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the functions and the triggers, on PostgreSQL only."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(RULES, None)
        for table in TABLES:
            schema_editor.execute(FINAL.format(table=table), None)


def remove(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the functions away again, and the triggers with them."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(UNDO, None)


class Migration(migrations.Migration):
    """Triggers for immutable and balanced entries."""

    dependencies = (("ledger", "0001_books"),)

    operations = (migrations.RunPython(create, remove),)
