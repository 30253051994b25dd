"""PostgreSQL itself keeps the engine's rules, whoever writes. SQLite relies on the services.

Refused: a way between two states that the table does not know, a change of state without its row in the history, a
change of what is final (numbers, identity, keys, an answered number, a closed attempt), and every deletion. A session
that says `SET LOCAL postroom.maintenance = 'on'` is let through: pruning and restoring use it.
"""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

LEGAL = (
    ("ready", "sending posted rejected held withdrawn"),
    ("sending", "posted awaiting rejected ready unknown"),
    ("awaiting", "posted rejected unknown"),
    ("unknown", "checking held"),
    ("checking", "posted unknown ready held"),
    ("rejected", "ready posted void"),
    ("held", "ready checking posted void"),
    ("withdrawn", "ready void"),
)
WAYS = ", ".join(f"('{before}', '{after}')" for before, afters in LEGAL for after in afters.split())

RULES = (
    """
CREATE FUNCTION postroom_maintenance() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('postroom.maintenance', true), '') = 'on'
$$;

CREATE FUNCTION postings_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF postroom_maintenance() THEN RETURN coalesce(NEW, OLD); END IF;
    RAISE EXCEPTION 'Rows of % are never changed or deleted (%).', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION postings_check_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF postroom_maintenance() OR OLD.ended_at IS NULL OR OLD.outcome = 'Died' THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'An attempt is closed once; attempt % is closed.', OLD.id USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION postings_check_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF postroom_maintenance() THEN RETURN NEW; END IF;
    IF (OLD.company_id, OLD.source, OLD.kind, OLD.identity, OLD.number)
        IS DISTINCT FROM (NEW.company_id, NEW.source, NEW.kind, NEW.identity, NEW.number) THEN
        RAISE EXCEPTION 'Identity and number of transaction % never change.', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.answered_number <> '' AND OLD.answered_number <> NEW.answered_number THEN
        RAISE EXCEPTION 'What was answered for transaction % never changes.', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION postings_check_posting() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION postings_check_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told text;
BEGIN
    IF postroom_maintenance() THEN RETURN NULL; END IF;
    SELECT after INTO told FROM postings_transition WHERE posting_id = NEW.id ORDER BY id DESC LIMIT 1;
    IF told IS DISTINCT FROM (SELECT state FROM postings_posting WHERE id = NEW.id) THEN
        RAISE EXCEPTION 'Posting % stands in a state that its history does not know.', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER postings_posting_changes BEFORE UPDATE ON postings_posting
    FOR EACH ROW EXECUTE FUNCTION postings_check_posting();
CREATE TRIGGER postings_posting_stays BEFORE DELETE ON postings_posting
    FOR EACH ROW EXECUTE FUNCTION postings_append_only();
CREATE CONSTRAINT TRIGGER postings_posting_history AFTER INSERT OR UPDATE OF state ON postings_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION postings_check_history();
CREATE TRIGGER postings_transaction_changes BEFORE UPDATE ON postings_transaction
    FOR EACH ROW EXECUTE FUNCTION postings_check_transaction();
CREATE TRIGGER postings_transaction_stays BEFORE DELETE ON postings_transaction
    FOR EACH ROW EXECUTE FUNCTION postings_append_only();
CREATE TRIGGER postings_attempt_closes BEFORE UPDATE ON postings_attempt
    FOR EACH ROW EXECUTE FUNCTION postings_check_attempt();
CREATE TRIGGER postings_attempt_stays BEFORE DELETE ON postings_attempt
    FOR EACH ROW EXECUTE FUNCTION postings_append_only();
CREATE TRIGGER postings_transition_stays BEFORE UPDATE OR DELETE ON postings_transition
    FOR EACH ROW EXECUTE FUNCTION postings_append_only();
CREATE TRIGGER postings_revision_stays BEFORE UPDATE OR DELETE ON postings_revision
    FOR EACH ROW EXECUTE FUNCTION postings_append_only();
"""
).replace("@WAYS@", WAYS)

UNDO = """
DROP FUNCTION postings_append_only() CASCADE;
DROP FUNCTION postings_check_attempt() CASCADE;
DROP FUNCTION postings_check_transaction() CASCADE;
DROP FUNCTION postings_check_posting() CASCADE;
DROP FUNCTION postings_check_history() CASCADE;
DROP FUNCTION postroom_maintenance() CASCADE;
"""


def create(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the functions and the triggers, on PostgreSQL only."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(RULES, None)


def remove(_: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the functions away again, and the triggers with them."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(UNDO, None)


class Migration(migrations.Migration):
    """Triggers for legal transitions and append-only records."""

    dependencies = (("postings", "0001_initial"),)

    operations = (migrations.RunPython(create, remove),)
