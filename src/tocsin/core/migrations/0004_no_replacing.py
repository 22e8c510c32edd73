"""INSERT OR REPLACE does not get round the log's triggers on SQLite, and no chain's head goes back, on either database."""

from django.db import migrations

SQLITE = [
    # REPLACE deletes without firing DELETE triggers, so the insertion itself is refused where an entry stands.
    """CREATE TRIGGER log_refuses_replace BEFORE INSERT ON core_logentry
    WHEN EXISTS (SELECT 1 FROM core_logentry
                 WHERE id = NEW.id OR (chain_id = NEW.chain_id AND sequence = NEW.sequence))
    BEGIN SELECT RAISE(ABORT, 'the log is append-only: replace refused'); END""",
    """CREATE TRIGGER chain_refuses_to_shrink BEFORE UPDATE ON core_chain
    WHEN NEW.length < OLD.length OR (NEW.length = OLD.length AND NEW.head <> OLD.head)
    BEGIN SELECT RAISE(ABORT, 'a chain only grows'); END""",
    """CREATE TRIGGER chain_refuses_delete BEFORE DELETE ON core_chain
    BEGIN SELECT RAISE(ABORT, 'a chain is never deleted'); END""",
]
POSTGRESQL = [
    """CREATE FUNCTION chain_refuses() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a chain only grows'; END $$""",
    """CREATE TRIGGER chain_refuses_to_shrink BEFORE UPDATE ON core_chain FOR EACH ROW
    WHEN (NEW.length < OLD.length OR (NEW.length = OLD.length AND NEW.head <> OLD.head))
    EXECUTE FUNCTION chain_refuses()""",
    """CREATE TRIGGER chain_refuses_delete BEFORE DELETE ON core_chain FOR EACH ROW EXECUTE FUNCTION chain_refuses()""",
]


def forward(apps, schema_editor):
    """Create the triggers of the database at hand."""
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)


def backward(apps, schema_editor):
    """Drop them again (only a developer goes back)."""
    if schema_editor.connection.vendor == "sqlite":
        for name in ("log_refuses_replace", "chain_refuses_to_shrink", "chain_refuses_delete"):
            schema_editor.execute(f"DROP TRIGGER {name}")
    else:
        schema_editor.execute("DROP TRIGGER chain_refuses_to_shrink ON core_chain")
        schema_editor.execute("DROP TRIGGER chain_refuses_delete ON core_chain")
        schema_editor.execute("DROP FUNCTION chain_refuses")


class Migration(migrations.Migration):
    """No way round."""

    dependencies = [("core", "0003_append_only")]
    operations = [migrations.RunPython(forward, backward)]
