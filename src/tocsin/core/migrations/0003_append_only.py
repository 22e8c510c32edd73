"""The database itself refuses to change or delete a log entry, on SQLite and on PostgreSQL."""

from django.db import migrations

SQLITE = [
    f"""CREATE TRIGGER log_refuses_{what} BEFORE {what.upper()} ON core_logentry
    BEGIN SELECT RAISE(ABORT, 'the log is append-only: {what} refused'); END"""
    for what in ("update", "delete")
]
POSTGRESQL = [
    """CREATE FUNCTION log_refuses() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the log is append-only: % refused', lower(TG_OP); END $$""",
    """CREATE TRIGGER log_refuses_change BEFORE UPDATE OR DELETE ON core_logentry
    FOR EACH ROW EXECUTE FUNCTION log_refuses()""",
    """CREATE TRIGGER log_refuses_truncate BEFORE TRUNCATE ON core_logentry
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuses()""",
]


def forward(apps, schema_editor):
    """Create the triggers of the database at hand."""
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)  # no parameters: the % is the function's own


def backward(apps, schema_editor):
    """Drop them again (only a developer goes back)."""
    if schema_editor.connection.vendor == "sqlite":
        for what in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER log_refuses_{what}")
    else:
        schema_editor.execute("DROP TRIGGER log_refuses_change ON core_logentry")
        schema_editor.execute("DROP TRIGGER log_refuses_truncate ON core_logentry")
        schema_editor.execute("DROP FUNCTION log_refuses")


class Migration(migrations.Migration):
    """Append-only."""

    dependencies = [("core", "0002_initial")]
    operations = [migrations.RunPython(forward, backward)]
