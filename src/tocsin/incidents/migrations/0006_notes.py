"""Notes and their revisions, whom they mention, and the index over the log's words that search asks.

The index is the database's own (SQLite: FTS5, kept by a trigger; PostgreSQL: a GIN index), so that it holds or falls
with the entry in the same transaction. Only values that are texts count, not the names of fields.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TEXTS = "(SELECT group_concat(atom, ' ') FROM json_tree({row}.payload) WHERE type = 'text')"
SQLITE = [
    """CREATE VIRTUAL TABLE core_log_words USING fts5(
    words, content='', tokenize='unicode61 remove_diacritics 0', prefix='2 3')""",
    f"INSERT INTO core_log_words(rowid, words) SELECT id, {TEXTS.format(row='core_logentry')} FROM core_logentry",
    f"""CREATE TRIGGER log_words AFTER INSERT ON core_logentry
    BEGIN INSERT INTO core_log_words(rowid, words) VALUES (NEW.id, {TEXTS.format(row="NEW")}); END""",
]
POSTGRESQL = [
    # PostgreSQL's own parser would take hosts, paths and addresses for single words: only letters and digits are left.
    """CREATE FUNCTION tocsin_words(payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(regexp_replace(coalesce(string_agg(v #>> '{}', ' '), ''), '[^[:alnum:]]+', ' ', 'g'), 200000)
    FROM jsonb_path_query(payload, 'strict $.**') AS v WHERE jsonb_typeof(v) = 'string' $$""",
    "CREATE INDEX core_log_words ON core_logentry USING gin (to_tsvector('simple', tocsin_words(payload)))",
]


def index_words(apps, schema_editor):
    """Make the index of the database at hand, over what is there already."""
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)


def drop_words(apps, schema_editor):
    """Drop it again (only a developer goes back)."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER log_words")
        schema_editor.execute("DROP TABLE core_log_words")
    else:
        schema_editor.execute("DROP INDEX core_log_words")
        schema_editor.execute("DROP FUNCTION tocsin_words")


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_no_replacing"),
        ("incidents", "0005_situation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=200)),
                ("text", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("key", models.CharField(max_length=64, null=True)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=200)),
                ("created_by_id", models.CharField(max_length=64)),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.CharField(max_length=200)),
                ("changed_by_id", models.CharField(max_length=64)),
                ("archived_at", models.DateTimeField(null=True)),
                ("archived_by", models.CharField(blank=True, max_length=200)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revision", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=200)),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mentions", to="incidents.note"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="NoteRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=200)),
                ("text", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=200)),
                ("by_id", models.CharField(max_length=64)),
                ("based_on", models.PositiveIntegerField(null=True)),
                ("merged_from", models.PositiveIntegerField(null=True)),
                ("sent", models.TextField(null=True)),
                ("restored_from", models.PositiveIntegerField(null=True)),
                ("key", models.CharField(blank=True, max_length=64)),
                ("sha256", models.CharField(max_length=64)),
                ("sequence", models.PositiveIntegerField()),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="revisions", to="incidents.note"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=models.UniqueConstraint(fields=("incident", "number"), name="one_note_a_number"),
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=models.UniqueConstraint(fields=("incident", "created_by_id", "key"), name="one_note_a_key"),
        ),
        migrations.AddConstraint(
            model_name="mention",
            constraint=models.UniqueConstraint(fields=("note", "user", "revision"), name="one_mention_a_revision"),
        ),
        migrations.AddConstraint(
            model_name="noterevision",
            constraint=models.UniqueConstraint(fields=("note", "number"), name="one_revision_a_number"),
        ),
        migrations.RunPython(index_words, drop_words),
    ]
