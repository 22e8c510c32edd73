"""The table in which web processes tell each other what nobody has to keep (settings.CACHES["shared"])."""

from typing import Any

from django.core.management import call_command
from django.db import migrations


def make(_apps: Any, schema_editor: Any) -> None:
    """Make the cache table; a folder is used instead where the database is SQLite."""
    call_command("createcachetable", "web_shared", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
